//! Raw data to metrics documents: one per source and day.

pub mod city;
pub mod context;
pub mod geo;
pub mod parameters;
pub mod quality;
pub mod source;

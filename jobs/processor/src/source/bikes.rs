//! bikes

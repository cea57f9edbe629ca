//! comptages

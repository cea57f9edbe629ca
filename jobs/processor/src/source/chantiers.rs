//! chantiers

//! referentiel

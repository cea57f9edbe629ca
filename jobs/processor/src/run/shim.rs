//! The small sources' files, parsed. Stands in for the sources' own `parse` and `read`.

macro_rules! stand_in {
    ($name:ident, $body:ty, |$files:ident, $context:ident $(, $extra:ident: $extra_type:ty)?| $read:expr) => {
        pub(crate) mod $name {
            use std::sync::Arc;

            use crate::city::City;
            use crate::context::DayContext;
            use crate::source::{RawFile, SourceError};

            #[derive(Debug)]
            pub(crate) struct ParsedFile(RawFile);

            pub(crate) fn parse(file: &RawFile, _city: &City) -> ParsedFile {
                ParsedFile(file.clone())
            }

            pub(crate) fn read(
                files: &[Arc<ParsedFile>],
                $($extra: $extra_type,)?
                $context: &DayContext<'_>,
            ) -> Result<$body, SourceError> {
                let $files: Vec<RawFile> = files.iter().map(|file| file.0.clone()).collect();
                $read
            }
        }
    };
}

stand_in!(bikes, crate::source::Measured<contract::document::bikes::Bikes>, |files, context| {
    crate::source::bikes::read(&files, context)
});
stand_in!(
    traffic,
    crate::source::Measured<contract::document::traffic::Traffic>,
    |files, context, lines: &[crate::source::traffic::ServiceLine]| crate::source::traffic::read(
        &files, lines, context
    )
);
stand_in!(weather, crate::source::Measured<contract::document::weather::Weather>, |files, context| {
    crate::source::weather::read(&files, context)
});
stand_in!(
    chantiers,
    (crate::source::Measured<contract::document::chantiers::Chantiers>, Vec<crate::source::chantiers::WorksiteShape>),
    |files, context| crate::source::chantiers::read(&files, context)
);
stand_in!(
    referentiel,
    (crate::source::Measured<contract::document::referentiel::Referentiel>, crate::source::referentiel::Network),
    |files, context| crate::source::referentiel::read(&files, context)
);

//! The shapes in which the same records arrive: those of today's producers, or every shape that real files have (`--shapes`).

/// Shapes of the files and snapshots, for every source that has several. They never change the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Shapes {
    /// The shapes in which the producers publish.
    #[default]
    Usual,
    /// In addition the shapes that other tools give the same records; consecutive files take turns.
    All,
}

impl Shapes {
    /// The shape of file number `number`, in turn among `usual`, and with [`Shapes::All`] also among `other`.
    #[must_use]
    pub fn in_turn<T: Copy + Default>(self, usual: &[T], other: &[T], number: i64) -> T {
        let other = if self == Self::All { other } else { &[] };
        let count = i64::try_from(usual.len() + other.len()).unwrap_or(1).max(1);
        let turn = usize::try_from(number.rem_euclid(count)).unwrap_or(0);
        usual.iter().chain(other).nth(turn).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_take_turns_among_the_shapes() {
        let turns =
            |shapes: Shapes| (0..5).map(|number| shapes.in_turn(&['a', 'b'], &['c'], number)).collect::<String>();
        assert_eq!(turns(Shapes::Usual), "ababa");
        assert_eq!(turns(Shapes::All), "abcab");
        assert_eq!(Shapes::All.in_turn::<u8>(&[], &[], 3), 0);
    }
}

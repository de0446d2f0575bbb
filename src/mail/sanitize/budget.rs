//! What the style sheets of a message may cost, so that hostile ones cost no more than others.

/// What the sheets of one piece of HTML may cost. When it is spent, they are not applied at all.
pub struct Budget {
    /// How often a part of a selector is compared with an element, and how many declarations are
    /// taken; a long one counts as several.
    steps: usize,
    /// How many octets of style are added, as they are written.
    octets: usize,
    /// Whether one of them was not enough.
    pub spent: bool,
}

impl Budget {
    /// What a piece of HTML of this length may cost: in proportion, so that many pieces together
    /// cost no more than one.
    pub fn for_length(octets: usize) -> Budget {
        const STEPS_MAX: usize = 2_000_000;
        const OCTETS_MAX: usize = 2 * 1024 * 1024;
        Budget {
            steps: STEPS_MAX.min(1024 + 64 * octets),
            octets: OCTETS_MAX.min(2048 + 16 * octets),
            spent: false,
        }
    }

    /// Takes steps; returns whether there were enough left.
    pub fn steps(&mut self, count: usize) -> bool {
        self.take(count, |budget| &mut budget.steps)
    }

    /// Takes octets; returns whether there were enough left.
    pub fn octets(&mut self, count: usize) -> bool {
        self.take(count, |budget| &mut budget.octets)
    }

    fn take(&mut self, count: usize, of: impl Fn(&mut Budget) -> &mut usize) -> bool {
        let left = of(self).checked_sub(count);
        *of(self) = left.unwrap_or(0);
        self.spent |= left.is_none();
        left.is_some()
    }
}

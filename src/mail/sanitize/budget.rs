//! What the style sheets of a message may cost, so that hostile ones cost no more than others.

/// What the sheets of one message may cost. When it is spent, they are not applied at all.
pub struct Budget {
    /// How many selectors are compared with elements, and how many declarations taken.
    steps: usize,
    /// How many octets of style are added.
    octets: usize,
    /// Whether one of them was not enough.
    pub spent: bool,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { steps: 2_000_000, octets: 2 * 1024 * 1024, spent: false }
    }
}

impl Budget {
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

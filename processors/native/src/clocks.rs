//! When contacts of a recorded log are told the time.

/// Clock records of the partition, see `processors/replay/clocks.py`.
pub struct Clocks {
    offsets: Vec<i64>,
    pub times: Vec<i64>,
    highest: Vec<i64>,
}

impl Clocks {
    pub fn new(offsets: Vec<i64>, times: Vec<i64>) -> Self {
        let highest = times.iter().scan(i64::MIN, |high, at| {
            *high = (*high).max(*at);
            Some(*high)
        });
        Self { highest: highest.collect(), offsets, times }
    }

    pub fn after(&self, offset: i64) -> usize {
        self.offsets.partition_point(|one| *one <= offset)
    }

    pub fn first_due(&self, due: i64, start: usize) -> usize {
        if start > 0 && due <= self.highest[start - 1] {
            let later = self.times[start..].iter().position(|at| *at >= due);
            return later.map_or(self.times.len(), |steps| start + steps);
        }
        start + self.highest[start..].partition_point(|high| *high < due)
    }
}

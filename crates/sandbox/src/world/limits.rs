//! How often what Meta limits has happened, as far back as its limit looks.

use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Counted {
    times: BTreeMap<String, Vec<i64>>,
}

impl Counted {
    /// Counts one more of `what`, of which `allowed` may happen in `span` milliseconds; or says in
    /// how many there is room again. What was refused does not count.
    pub(crate) fn take(
        &mut self,
        what: &str,
        (allowed, span): (usize, i64),
        now: i64,
    ) -> Result<(), i64> {
        let times = self.times.entry(what.to_owned()).or_default();
        times.retain(|at| now - at < span);
        if times.len() < allowed {
            times.push(now);
            return Ok(());
        }
        let makes_room = times.get(times.len() - allowed).copied().unwrap_or(now);
        Err(makes_room + span - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_comes_back_as_what_was_counted_grows_old() {
        let mut counted = Counted::default();
        let mut take = |now| counted.take("calls", (2, 100), now);
        assert_eq!(take(0), Ok(()));
        assert_eq!(take(60), Ok(()));
        assert_eq!(take(70), Err(30));
        assert_eq!(take(99), Err(1));
        assert_eq!(take(100), Ok(()));
        assert_eq!(take(100), Err(60));
        assert_eq!(counted.take("others", (2, 100), 100), Ok(()));
        assert_eq!(counted.take("calls", (0, 100), 1_000), Err(100));
    }
}

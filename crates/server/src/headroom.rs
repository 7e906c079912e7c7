//! Leaves the last descriptors to those who need them more than one more client does.
//!
//! The kernel gives out the lowest number that is free. So the number of a new connection tells how many are left, and
//! nobody has to count.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd as _};

use rustix::process::{Resource, getrlimit};

/// Descriptors that connections leave to the control socket, to log files, and to the files and upstreams of the
/// connections there are.
const SPARE: u64 = 16;
/// Of few descriptors, this part is left at most.
const SPARE_PART: u64 = 4;

/// Up to which descriptor connections are accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Headroom {
    /// The first number that is not for connections.
    ceiling: u64,
}

impl Headroom {
    /// By the limit that the process has now.
    pub(crate) fn of_process() -> Self {
        Self::below(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX))
    }

    fn below(limit: u64) -> Self {
        Self { ceiling: limit - SPARE.min(limit / SPARE_PART) }
    }

    /// Whether this new descriptor is among those that should be left to others.
    pub(crate) fn is_reached_by(self, descriptor: &impl AsFd) -> bool {
        u64::try_from(descriptor.as_fd().as_raw_fd()).is_ok_and(|number| number >= self.ceiling)
    }

    /// Whether a connection that came now would leave enough to others.
    pub(crate) fn is_there(self) -> bool {
        File::open("/dev/null").is_ok_and(|probe| !self.is_reached_by(&probe))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(limit: u64, expected: u64) {
        assert_eq!(Headroom::below(limit).ceiling, expected, "{limit}");
    }

    #[test]
    fn a_quarter_is_left_of_few_and_sixteen_of_many() {
        check(0, 0);
        check(20, 15);
        check(64, 48);
        check(1024, 1008);
        check(u64::MAX, u64::MAX - 16);
    }

    #[test]
    fn the_number_of_a_descriptor_tells() {
        let file = File::open("/dev/null").unwrap();
        assert!(Headroom { ceiling: 0 }.is_reached_by(&file) && !Headroom { ceiling: 0 }.is_there());
        assert!(!Headroom::below(u64::MAX).is_reached_by(&file) && Headroom::below(u64::MAX).is_there());
    }
}

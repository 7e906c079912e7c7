//! An input taken apart into numbers and texts: what is missing is zero, nothing, or empty.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What is left of an input.
pub(super) struct Input<'i>(pub(super) &'i [u8]);

impl<'i> Input<'i> {
    pub(super) fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from(self.u16()) | u32::from(self.u16()) << 16
    }

    /// A number of any size: the first byte says how many more there are, so that small ones are as likely as large ones.
    pub(super) fn u64(&mut self) -> u64 {
        let length = usize::from(self.byte() % 9);
        self.take(length).iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }

    /// A text: usually short, sometimes around 4 KiB, where logs begin to cut, and sometimes absent.
    pub(super) fn text(&mut self) -> Option<Cow<'i, [u8]>> {
        match self.byte() {
            length @ 0..=249 => Some(self.take(usize::from(length % 25)).into()),
            250 => Some(vec![self.byte(); 4096].into()),
            251 => Some(vec![self.byte(); 4097].into()),
            252.. => None,
        }
    }

    pub(super) fn socket(&mut self) -> SocketAddr {
        let address: IpAddr = if self.byte().is_multiple_of(2) {
            Ipv4Addr::from(self.u32()).into()
        } else {
            Ipv6Addr::from(u128::from(self.u64()) << 64 | u128::from(self.u64())).into()
        };
        SocketAddr::new(address, self.u16())
    }

    fn take(&mut self, length: usize) -> &'i [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

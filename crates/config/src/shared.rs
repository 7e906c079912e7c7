//! What many places have in common is worked out once and shared.

use std::any::Any;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// Something made once, of a type that only its user knows.
pub(crate) type Made = OnceLock<Arc<dyn Any + Send + Sync>>;

/// What was made already, or else what `make` makes now. Where another type was made, it is made anew each time.
pub(crate) fn once<T: Any + Send + Sync>(place: &Made, make: impl FnOnce() -> T) -> Arc<T> {
    if let Some(kept) = place.get()
        && let Ok(kept) = Arc::clone(kept).downcast()
    {
        return kept;
    }
    let new = Arc::new(make());
    // Somebody else may have been faster: then both have the same, made twice.
    let _full = place.set(Arc::<T>::clone(&new));
    new
}

/// A section in typed form. Places where the section is the same have the same one, and share what was made of it.
#[derive(Debug)]
pub struct Shared<T>(Arc<Inner<T>>);

#[derive(Debug)]
struct Inner<T> {
    value: T,
    made: Made,
}

impl<T> Shared<T> {
    /// A value nobody shares yet.
    pub fn new(value: T) -> Self {
        Self(Arc::new(Inner { value, made: Made::new() }))
    }

    /// What `make` makes of the value alone: done once for all that share it.
    pub fn once<M: Any + Send + Sync>(&self, make: impl FnOnce(&T) -> M) -> Arc<M> {
        once(&self.0.made, || make(&self.0.value))
    }

    /// Whether it is the very same, rather than equal.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self.0.value == other.0.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_once_is_shared() {
        let (one, times) = (Shared::new(7), std::cell::Cell::new(0));
        let other = one.clone();
        let double = |number: &i32| {
            times.set(times.get() + 1);
            number * 2
        };
        assert_eq!((*one.once(double), *other.once(double), times.get()), (14, 14, 1));
        assert_eq!(*one.once(ToString::to_string), "7", "another type is made anew");
        assert!(one.is_same(&other) && one == Shared::new(7) && !one.is_same(&Shared::new(7)));
    }
}

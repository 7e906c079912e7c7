//! Test package of Doorward: the tests are in `tests/`.

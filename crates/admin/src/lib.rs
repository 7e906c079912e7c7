//! Let a person or a program see it and change it.

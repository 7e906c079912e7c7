//! What should be running, and what changes from what is?

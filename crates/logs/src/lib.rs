//! What happened, in which format?

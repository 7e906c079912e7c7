//! May this client proceed, and why?

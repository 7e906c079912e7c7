//! What did the operator write, and what does it mean at this path?

//! Make the plan true; serve.

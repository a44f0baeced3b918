//! For tests of plugins: builders, recording plugins, the in-memory journal and its contract suite.

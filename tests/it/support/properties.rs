//! Property tests over generated values, inside a runtime of several threads.

use std::fmt::Debug;

use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use tokio::runtime::Handle;

/// Generates recordings, the same in every run.
pub(crate) fn generate(recording: impl Strategy<Value = Value>, count: usize) -> Vec<Value> {
    let recordings = proptest::collection::vec(recording, count);
    recordings.new_tree(&mut TestRunner::deterministic()).expect("generated").current()
}

/// Checks a property on generated values.
pub(crate) fn check<T: Debug>(cases: u32, values: impl Strategy<Value = T>, property: impl AsyncFn(T)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome = tokio::task::block_in_place(|| {
        TestRunner::new(config).run(&values, |value| {
            Handle::current().block_on(property(value));
            Ok(())
        })
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

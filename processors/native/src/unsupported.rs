//! What this back-end leaves to the reference: it never answers differently, it does not answer.

use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

/// Why the reference has to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported(pub String);

pub type Supported<T> = Result<T, Unsupported>;

/// Gives up from anywhere below `guarded`, past code that cannot go on. Not a panic: nothing is printed.
pub fn give_up(why: &'static str) -> ! {
    resume_unwind(Box::new(Unsupported(why.to_owned())))
}

/// Runs `work`; whatever it cannot do, an arithmetic overflow included, becomes an error.
pub fn guarded<T>(work: impl FnOnce() -> Supported<T>) -> Supported<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(match panic.downcast::<Unsupported>() {
            Ok(known) => *known,
            Err(_) => Unsupported("a number or a structure is out of bounds".to_owned()),
        })
    })
}

//! How many arenas the C library's allocator may keep for a process that stays.
//!
//! By itself it makes up to eight for each processor, so that threads need not wait for each other, and each keeps what it
//! once needed. Two do for all threads of a house; the default takes a fifth more memory in a rush. How many it may make it
//! reads from its environment, as the process begins, and a call that sets the number later would be unsafe: so the program
//! begins once more, as the same process, with the variable set.

use std::{env, os::unix::process::CommandExt, process::Command};

/// What the C library reads.
const ARENAS: &str = "MALLOC_ARENA_MAX";

/// Lets the allocator keep two arenas, unless somebody has said how many. Before any thread is started: nothing of what the
/// process has done so far is left.
pub fn keep_few() {
    if env::var_os(ARENAS).is_some() {
        return;
    }
    let mut words = env::args_os();
    let (Some(name), Ok(program)) = (words.next(), env::current_exe()) else { return };
    // It comes back only where the program cannot be started again (its file was replaced in this moment): then it goes on as
    // it is, and takes some more memory.
    let _ = Command::new(program).arg0(name).args(words).env(ARENAS, "2").exec();
}

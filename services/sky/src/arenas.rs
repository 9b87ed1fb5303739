//! How the C library's allocator keeps memory for a process that stays.
//!
//! By itself it makes up to eight arenas for each processor, so that threads need not wait for each other, and each keeps
//! what it once needed. Two do for all threads of a house; the default takes a fifth more memory in a rush. And whatever was
//! once given back in one large piece, it takes from the arenas the next time: the 19 MiB over which a password is hashed stay
//! there for good, beneath something small. What it may do it reads from its environment, as the process begins, and a call
//! that sets it later would be unsafe: so the program begins once more, as the same process, with the variables set.

use std::{env, os::unix::process::CommandExt, process::Command};

/// What the C library reads, and what it is to read: two arenas, and pieces of more than 4 MiB by themselves.
const WISHES: [(&str, &str); 2] = [("MALLOC_ARENA_MAX", "2"), ("MALLOC_MMAP_THRESHOLD_", "4194304")];

/// Lets the allocator keep little, except where somebody has said how much. Before any thread is started: nothing of what the
/// process has done so far is left.
pub fn keep_few() {
    let unsaid: Vec<_> = WISHES.into_iter().filter(|(name, _)| env::var_os(name).is_none()).collect();
    let mut words = env::args_os();
    let (Some(name), Ok(program)) = (words.next(), env::current_exe()) else { return };
    if unsaid.is_empty() {
        return;
    }
    // It comes back only where the program cannot be started again (its file was replaced in this moment): then it goes on as
    // it is, and takes some more memory.
    let _ = Command::new(program).arg0(name).args(words).envs(unsaid).exec();
}

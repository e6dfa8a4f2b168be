//! The lifeboat binary: arguments in, exit code out.

use std::process::ExitCode;
use std::time::Duration;

/// Expressions may nest deeply; every thread that evaluates gets room for it.
const STACK: usize = 64 << 20;

/// How long threads may take to end.
const LAST: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let work = || -> std::io::Result<u8> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.enable_all().thread_stack_size(STACK).build()?;
        let args = std::env::args_os().collect();
        let exit = runtime.block_on(lifeboat::cli::run(args, lifeboat::cli::env::read()));
        // A thread that is let go while it ends is read by the C library after it was freed (seen once:
        // glibc 2.36, `pthread_detach`), so threads are waited for; one that still reads its input is
        // not ending.
        runtime.shutdown_timeout(LAST);
        Ok(exit.code())
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work);
    match thread.and_then(|t| t.join().unwrap_or(Ok(1))) {
        Ok(code) => ExitCode::from(code),
        Err(_) => ExitCode::FAILURE,
    }
}

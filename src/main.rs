//! The lifeboat binary: arguments in, exit code out.

use std::process::ExitCode;

/// Expressions may nest deeply; every thread that evaluates gets room for it.
const STACK: usize = 64 << 20;

fn main() -> ExitCode {
    let work = || -> std::io::Result<u8> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.enable_all().thread_stack_size(STACK).build()?;
        let args = std::env::args_os().collect();
        let exit = runtime.block_on(lifeboat::cli::run(args, lifeboat::cli::env::read()));
        runtime.shutdown_background();
        Ok(exit.code())
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work);
    match thread.and_then(|t| t.join().unwrap_or(Ok(1))) {
        Ok(code) => ExitCode::from(code),
        Err(_) => ExitCode::FAILURE,
    }
}

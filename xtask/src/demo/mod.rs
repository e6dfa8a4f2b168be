//! `demo`: the story of `story.rs`, told on local servers with the real program.

mod step;
mod story;

use lifeboat_testbed::Bed;

use crate::cargo::{lifeboat, root};
use crate::scratch::Scratch;
use crate::{Result, tools};
use step::Stage;

/// Builds the program (or takes the one that is given), starts the servers, and plays the story to
/// its end or to the first step that fails.
pub(crate) fn demo(arguments: &[String]) -> Result {
    tools::check()?;
    let program = match arguments.first() {
        Some(program) => std::path::absolute(program)?,
        None => lifeboat(false)?,
    };
    let folder = Scratch::copy_of("demo", &root().join("examples").join(story::EXAMPLE))?;
    let stage = Stage { bed: Bed::start()?, program, folder };
    for (number, (say, act)) in story::STORY.iter().enumerate() {
        println!("\n\u{2500}\u{2500} {}/{} {say}", number + 1, story::STORY.len());
        act.play(&stage).map_err(|error| format!("step {} ({say}): {error}", number + 1))?;
    }
    println!("\nThe calls of the story:\n{}", stage.bed.proxy.ledger().table());
    Ok(())
}

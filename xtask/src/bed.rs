//! `testbed`: servers and proxy to play with by hand.

use std::io::Read as _;

use lifeboat_testbed::Bed;

use crate::Result;

/// Starts them, prints how to reach them, and stops them at Ctrl-C or the end of standard input.
pub(crate) fn testbed(_arguments: &[String]) -> Result {
    let bed = Bed::start()?;
    for (name, value) in bed.env() {
        println!("export {name}='{value}'");
    }
    let pair = bed.pair();
    println!(
        "# behind the proxy: ministack http://{} moto http://{}",
        pair.ministack(),
        pair.moto()
    );
    for region in ["us-east-1", "us-west-2"] {
        println!("# {region} alone: {}", bed.proxy.endpoint_for(region)?);
    }
    println!("# Ctrl-C or Ctrl-D ends it");
    wait()?;
    println!("\n{}", bed.proxy.ledger().table());
    Ok(())
}

fn wait() -> Result {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let waited = runtime.block_on(async {
        let (sender, ended) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            // The end of standard input or an error of it: both mean that nobody is there.
            std::io::stdin().read_to_end(&mut Vec::new()).ok();
            sender.send(()).ok();
        });
        tokio::select! {
            biased;
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = ended => Ok(()),
        }
    });
    Ok(waited?)
}

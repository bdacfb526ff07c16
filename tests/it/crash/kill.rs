//! The program is killed under load (SIGKILL, at a random moment) and started again, twenty times.

use std::sync::Mutex;
use std::time::Duration;

use fondaco_tests::{Folder, Program, both};

use super::{Chance, FILES, Goods, Known, MODULES, check, furnish, order, tell, verified};

both! {
    nothing_acknowledged_is_lost_and_nothing_is_double,
}

const ROUNDS: u64 = 20;
const CLIENTS: u64 = 8;

/// Clients at work until the program is gone.
fn load(program: Program, token: &str, goods: &Goods, known: &Mutex<Known>, life: Duration) {
    let client = program.client(token);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| while order(&client, goods, known).is_ok() {});
        }
        std::thread::sleep(life);
        program.kill();
    });
}

async fn nothing_acknowledged_is_lost_and_nothing_is_double() {
    let folder = Folder::lay("kill", MODULES, FILES);
    let (token, goods) = furnish(folder.shop().await).await;
    let (mut chance, known) = (Chance::new(), Mutex::new(Known::default()));
    for round in 1..=ROUNDS {
        let program = Program::serve(folder.path());
        load(program, &token, &goods, &known, Duration::from_millis(50 + chance.below(350)));
        let program = Program::serve(folder.path());
        check(&program.client(&token), &goods, &mut known.lock().unwrap(), round);
        program.kill();
    }
    let mut known = known.lock().unwrap();
    let program = Program::serve(folder.path());
    check(&program.client(&token), &goods, &mut known, ROUNDS + 1);
    program.kill();
    tell(&known, "killed twenty times");
    assert!(known.cut > 0, "nobody was cut short");
    verified(&folder);
}

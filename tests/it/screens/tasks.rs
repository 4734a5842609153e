//! The tasks of `docs/screens/tasks.txt`: every command ends as it says, and answers what it says.

use crate::support::sandbox::Sandbox;

const TASKS: &str = include_str!("../../../docs/screens/tasks.txt");
const PEOPLE: usize = 5;
const TASKS_EACH: usize = 14;

/// A command, its exit code, and texts of its answer.
#[derive(Debug, Default)]
struct Task {
    command: String,
    exit: u8,
    answers: Vec<String>,
}

fn tasks() -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    for line in TASKS.lines() {
        if let Some(command) = line.strip_prefix("$ krosyn-audit ") {
            tasks.push(Task { command: command.to_owned(), ..Task::default() });
        } else if let (Some(answer), Some(task)) = (line.strip_prefix("> "), tasks.last_mut()) {
            task.answers.push(answer.to_owned());
        } else if let (Some(exit), Some(task)) = (line.strip_prefix("exit "), tasks.last_mut()) {
            task.exit = exit.parse().expect("a number");
        } else {
            assert!(line.is_empty() || line.starts_with('#'), "{line}");
        }
    }
    tasks
}

#[test]
fn every_task_is_done_and_every_guess_answered() {
    let tasks = tasks();
    assert_eq!(tasks.len(), PEOPLE * TASKS_EACH);
    assert_eq!(TASKS.lines().filter(|line| line.starts_with("## ")).count(), PEOPLE);
    let sandbox = Sandbox::new();
    for task in tasks {
        assert!(!task.answers.is_empty(), "{task:?}");
        let words = shell_words::split(&task.command).expect("shell words");
        let args: Vec<_> = words.iter().map(String::as_str).collect();
        let outcome = sandbox.run(&args).ended(task.exit);
        for answer in &task.answers {
            let is_said = outcome.out().contains(answer.as_str()) || outcome.err().contains(answer.as_str());
            assert!(is_said, "{task:?}\n{outcome}");
        }
    }
}

//! One sentence: the programme's outcome is its exit code.

fn main() -> std::process::ExitCode {
    krosyn_audit::app::main()
}

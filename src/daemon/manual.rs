//! The manual pages and the completions of shells, made from the commands' own help.

use std::io;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;

use super::Error;

/// Writes a page for the program and one for each of its commands into a folder that exists.
pub fn write(program: Command, folder: &Path) -> Result<(), Error> {
    clap_mangen::generate_to(program, folder)
        .map_err(|error| Error::Usage(format!("{}: {error}", folder.display())))
}

/// Prints what a shell needs to complete the commands.
pub fn completions(mut program: Command, shell: Shell) -> Result<(), Error> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut program, "postern", &mut text);
    io::Write::write_all(&mut io::stdout(), &text).map_err(Error::Output)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::daemon::cli::Cli;

    /// What a command is about, and each of its arguments, is said in its help; a command with
    /// commands of its own names them all in its first line.
    fn assert_helpful(command: &Command) {
        let name = command.get_name();
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty(), "{name} says nothing of itself");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{name}: {} has no help", argument.get_id());
        }
        let listed = about.split_once(": ").map(|(_, list)| list.trim_end_matches('.'));
        let commands: Vec<&str> =
            command.get_subcommands().map(Command::get_name).filter(|&one| one != "help").collect();
        if let Some(listed) = listed
            && !commands.is_empty()
        {
            assert_eq!(listed, commands.join(", "), "{name} names its commands");
        }
        command.get_subcommands().filter(|one| one.get_name() != "help").for_each(assert_helpful);
    }

    #[test]
    fn every_command_and_argument_has_help() {
        let mut program = Cli::command();
        program.build();
        assert_helpful(&program);
    }

    /// The unit names this page.
    #[test]
    fn the_program_and_each_command_have_a_page() {
        let folder = tempfile::tempdir().unwrap();
        write(Cli::command(), folder.path()).unwrap();
        let page = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(page("postern.1").contains("postern\\-check\\-config(1)"), "{}", page("postern.1"));
        assert!(page("postern-user-add.1").contains("recovery key"));
        let unit = include_str!("../../systemd/postern.service");
        assert!(unit.contains("Documentation=man:postern(1)"));
    }

    #[test]
    fn a_folder_that_does_not_exist_is_named() {
        let error = write(Cli::command(), Path::new("/nonexistent/man1")).unwrap_err();
        assert!(error.to_string().starts_with("/nonexistent/man1: "), "{error}");
    }
}

// Shell completion, generated from the application's own verbs and options; sweeps are asked of the
// coordinator when the shell wants them.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/verbs.h"
#include "coordinator/coordinator.h"

namespace bw::cli {

namespace {

std::string options_of(const CLI::App& app) {
    std::string words;
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) words += " --" + name;
        for (const std::string& name : option->get_snames()) words += " -" + name;
    }
    return words;
}

std::string verbs_of(const CLI::App& app) {
    std::string words;
    for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
        words += " " + verb->get_name();
    return words;
}

std::string bash(const CLI::App& app) {
    std::string text =
        "_batchwright() {\n"
        "    local word=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\"\n"
        "    case \"${COMP_WORDS[1]}\" in\n";
    for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
        text += "    " + verb->get_name() + ") words=\"" + options_of(*verb) + verbs_of(*verb) +
                "\" ;;\n";
    }
    return text +
           "    esac\n"
           "    [ \"$COMP_CWORD\" -eq 1 ] && words=\"" +
           verbs_of(app) +
           "\"\n"
           "    case \"${COMP_WORDS[1]}\" in\n"
           "    show|explain|leaderboard|verify|wait|logs|pause|resume|cancel|retry)\n"
           "        words=\"$words last $(batchwright list 2>/dev/null | awk 'NR>1{print $1}')\" "
           ";;\n"
           "    drain|return)\n"
           "        words=\"$words $(batchwright agents 2>/dev/null | awk 'NR>1{print $1}')\" ;;\n"
           "    esac\n"
           "    COMPREPLY=( $(compgen -W \"$words\" -- \"$word\") )\n"
           "}\n"
           "complete -o default -F _batchwright batchwright\n";
}

std::string zsh(const CLI::App& app) {
    return "#compdef batchwright\nautoload -U +X bashcompinit && bashcompinit\n" + bash(app);
}

std::string fish(const CLI::App& app) {
    std::string text =
        "complete -c batchwright -n __fish_use_subcommand -f -a '" + verbs_of(app) + "'\n";
    for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
        for (const CLI::Option* option : verb->get_options()) {
            for (const std::string& name : option->get_lnames()) {
                text += "complete -c batchwright -n '__fish_seen_subcommand_from " +
                        verb->get_name() + "' -l " + name + "\n";
            }
        }
    }
    return text;
}

}  // namespace

void add_completion(CLI::App& app, Action& action) {
    const auto shell = std::make_shared<std::string>();
    CLI::App* command =
        app.add_subcommand("completion", "A script for your shell: bash, zsh, fish");
    command->add_option("shell", *shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    command->callback([shell, &app, &action] {
        action = [shell, &app] {
            const std::string text =
                *shell == "bash" ? bash(app) : (*shell == "zsh" ? zsh(app) : fish(app));
            std::fputs(text.c_str(), stdout);
            return int{coordinator::kExitOk};
        };
    });
}

}  // namespace bw::cli

/** The commands, in the order of the help. Each is loaded when it is named: no command waits for the modules of the others. */
import type { CommandModule } from "yargs";

/** What a file of commands/ has: its options, and a handler that loads what the command does from run/. */
export type LoadedCommand<Arguments> = Pick<CommandModule<object, Arguments>, "builder" | "handler">;

interface Command {
  /** Its name and positional arguments. */
  readonly command: string;
  readonly describe: string;
  /** A `LoadedCommand`, each with arguments of its own. */
  load(): Promise<object>;
}

const commands: readonly Command[] = [
  {
    command: "chat",
    describe: "Chat about images; drop them into the terminal",
    load: async () => (await import("./commands/chat.js")).chatCommand
  },
  {
    command: "ask [prompt..]",
    describe: "Ask one question about images",
    load: async () => (await import("./commands/ask.js")).askCommand
  },
  {
    command: "repeat <record>",
    describe: "Ask again what a record of ask --json says, with its model and settings, and compare",
    load: async () => (await import("./commands/repeat.js")).repeatCommand
  },
  {
    command: "presets [name]",
    describe: "List the presets of ask and chat, or print one of them",
    load: async () => (await import("./commands/presets.js")).presetsCommand
  },
  {
    command: "encode [images..]",
    describe: "Write the image tokens as a NumPy array",
    load: async () => (await import("./commands/encode.js")).encodeCommand
  },
  {
    command: "preview [image]",
    describe: "Write the exact square picture that the model sees",
    load: async () => (await import("./commands/preview.js")).previewCommand
  },
  {
    command: "models",
    describe: "List models: installed, of other programs, and available to pull; shows what fits this machine",
    load: async () => (await import("./commands/models.js")).modelsCommand
  },
  {
    command: "pull <id>",
    describe: "Download and verify a model; resumes an interrupted download",
    load: async () => (await import("./commands/pull.js")).pullCommand
  },
  {
    command: "verify [id]",
    describe: "Check installed models byte by byte, by sha256",
    load: async () => (await import("./commands/verify.js")).verifyCommand
  },
  {
    command: "remove <id>",
    describe: "Delete a pulled or imported model; other files stay",
    load: async () => (await import("./commands/remove.js")).removeCommand
  },
  {
    command: "import <path>",
    describe: "Copy or link models from a folder or USB stick, verified",
    load: async () => (await import("./commands/import.js")).importCommand
  },
  {
    command: "inspect <file>",
    describe: "Show what a GGUF file is, which projector fits it, and the memory it needs",
    load: async () => (await import("./commands/inspect.js")).inspectCommand
  },
  {
    command: "doctor",
    describe: "Check, step by step on a known image, that this machine sees correctly; check installed models",
    load: async () => (await import("./commands/doctor.js")).doctorCommand
  },
  {
    command: "bench",
    describe: "Measure the speed, compared with the limits of the machine",
    load: async () => (await import("./commands/bench.js")).benchCommand
  },
  {
    command: "serve",
    describe: "Answer programs: an OpenAI-compatible server on this machine",
    load: async () => (await import("./commands/serve.js")).serveCommand
  },
  {
    command: "completion <shell>",
    describe: "Print a script that completes commands and options in a shell",
    load: async () => (await import("./commands/completion.js")).completionCommand(allCommands)
  }
];

export const commandNames = commands.map(nameOf);

/** As yargs takes them: those that the arguments may name whole, of the others what the help lists. */
export async function commandsFor(args: readonly string[]): Promise<readonly CommandModule[]> {
  return await Promise.all(
    commands.map(async (command) =>
      args.includes(nameOf(command)) ? await whole(command) : { ...listed(command), handler: () => undefined }
    )
  );
}

async function allCommands(): Promise<readonly CommandModule[]> {
  return await Promise.all(commands.map(whole));
}

async function whole(command: Command): Promise<CommandModule> {
  return { ...listed(command), ...((await command.load()) as LoadedCommand<object>) };
}

function listed({ command, describe }: Command): Pick<CommandModule, "command" | "describe"> {
  return { command, describe };
}

function nameOf({ command }: Command): string {
  return command.split(" ")[0] ?? "";
}

import { describe, expect, it } from "vitest";
import { runCli } from "./run-cli.js";

describe("a wrong command line exits 2 and says in one line what is wrong", () => {
  it.each([
    [["akk"], "Did you mean ask?"],
    [["ask", "x", "--modle", "y"], "Did you mean --model?"],
    [["ask", "x", "--crop"], "Unknown argument: crop"],
    [["ask"], "needs a question"],
    [["aks", "Describe the image."], "Did you mean ask?"],
    [["describe", "film.png"], "medgemma-local ask"],
    [["What is this?", "-i", "film.png"], "medgemma-local ask"],
    [["Modles", "--json"], "Did you mean models?"],
    [["help", "chta"], "Did you mean chat?"],
    [["ask", "a", "b"], "ask takes one question. Put it in quotes"],
    [["ask", "Describe", "the", "image"], "Put it in quotes"],
    [["ask", "  "], "The question is empty."],
    [
      ["ask", "Describe /nope/film.png"],
      "The question names /nope/film.png, which the model would not see. Give a picture with -i FILE"
    ],
    [["ask", "Compare a.png with b.dcm", "-i", "/x/a.png"], "The question names b.dcm"],
    [["ask", "Describe /nope/Doe.png", "--redact"], "The question names a file, which"],
    [
      ["ask", "Describe models/demo"],
      "The question names models/demo, which the model would not see. Give a CT or MR series with --series models/demo."
    ],
    [["ask", "Describe data:image/png;base64,AA=="], "The question holds the data of a picture"],
    [["ask", "x", "-i", "nope-1.png", "nope-2.png"], "-i nope-1.png -i nope-2.png"],
    [["ask", "x", "-i"], "-i needs a value"],
    [["ask", "x", "--redact=yes"], "--redact takes only true or false"],
    [["ask", "x", "--redact="], "--redact takes only true or false"],
    [["ask", "x", "--json=1"], "--json takes only true or false"],
    [["models", "--offline=1"], "--offline takes only true or false"],
    [["pull", "4b-it", "--acceptTerms=yes"], "takes only true or false"],
    [["ask", "x", "--slide", "a.svs", "--overview=on"], "--overview takes only true or false"],
    [["ask", "x", "--redact=true", "--redact=false"], "as true and as false"],
    [["ask", "x", "--seed", "99999999999"], "--seed must be a whole number from 0 to 4294967295"],
    [["ask", "x", "--preset", "nope"], 'There is no preset "nope"'],
    [["ask", "x", "--schema", "-"], "--schema reads nothing from stdin"],
    [["ask", "x", "-", "-i", "-"], "- can be given once only"],
    [["chat", "-i", "-"], "chat reads messages from stdin"],
    [["chat", "film.png"], "Give each image with -i"],
    [["ask", "x", "--seris", "a"], "Did you mean --series?"],
    [["ask", "x", "--magnificaton", "5"], "Did you mean --magnification?"],
    [["pull"], "pull needs the id of a model"],
    [["rm"], "remove needs the id of a model"],
    [["completion", "csh"], "completion knows bash, zsh, fish"],
    [["ask", "x", "-i", "-", "-i", "-"], "- can be given once only"],
    [["ask", "x", "--max-tokens", "-5"], "--max-tokens must be a whole number from 1, but is -5"],
    [["ask", "x", "--max-tokens", "0"], "--max-tokens must be a whole number"],
    [["ask", "x", "--threads", "1.5"], "--threads must be a whole number"],
    [["ask", "x", "--context", "many"], "--context must be a whole number"],
    [["ask", "x", "--seed", "1e400"], "--seed must be a whole number"],
    [["ask", "x", "--temperature", "NaN"], "--temperature must be a number from 0 to 10"],
    [["ask", "x", "--temperature", "-1"], "--temperature must be a number from 0 to 10"],
    [["ask", "x", "--gpu", "cdua"], "--gpu must be auto, metal, cuda, vulkan or off"],
    [["ask", "x", "--fit", "crop"], "--fit must be pad, stretch or crops"],
    [
      ["ask", "x", "--lora", "a.gguf:half"],
      "--lora a.gguf:half: the scale must be a number from -10 to 10, but is half"
    ],
    [["ask", "x", "--lora", "a.gguf:10.5"], "the scale must be a number from -10 to 10, but is 10.5"],
    [["ask", "x", "--lora", "a.bin:1e400"], "the scale must be a number from -10 to 10, but is 1e400"],
    [["ask", "x", "--lora", "a.gguf:"], "the scale must be a number"],
    [["ask", "x", "--lora", ""], "--lora needs a value"],
    [["ask", "x", "--lora", "-"], "--lora reads no adapter from stdin"],
    [["ask", "x", "--lora"], "--lora needs a value"],
    [["ask", "x", "--lroa", "a.gguf"], "Did you mean --lora?"],
    [
      ["ask", "x", "--prior", "2023-13-01=a.png"],
      "The date of --prior must be like 2023-05-01, 2023-05 or 2023, but is 2023-13-01"
    ],
    [["ask", "x", "--prior", "2023-5=a.png"], "The date of --prior must be like"],
    [["ask", "x", "--prior", "2023-05-01="], "names no file"],
    [["ask", "--preset", "multiple-choice"], "needs a question"],
    [["encode", "a.png", "-o", "a.npy", "--lora", "a.gguf"], "Unknown argument: lora"],
    [["ask", "x", "-m", "a", "-m", "b"], "--model is given more than once"],
    [["encode", "a.png"], "encode needs images, and a file to write"],
    [["encode", "a.png", "-o", "-", "--json"], "both write to stdout"],
    [["preview", "-o", "x.png"], "preview needs an image file, or a --series"],
    [["inspect"], "inspect needs a GGUF file, or the id of a model"],
    [["encode"], "encode needs images, and a file to write"],
    [["preview", "a.png"], "preview needs an image, and a file to write"],
    [["LIST"], "Did you mean list?"],
    [["brew"], "There is no command brew. See medgemma-local --help, or ask a question"]
  ])("%j", async (args, words) => {
    const { code, stdout, stderr } = await runCli(args);
    expect(stderr).toContain(words);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});

describe("help", () => {
  it("is printed on stdout for no command, with exit code 0", async () => {
    const bare = await runCli([]);
    const asked = await runCli(["--help"]);
    expect(bare.code).toBe(0);
    expect(bare.stderr).toBe("");
    expect(bare.stdout.trim()).toBe(asked.stdout.trim());
    expect(bare.stdout).toContain("not a medical device");
  });

  it.each([
    "chat",
    "ask",
    "presets",
    "encode",
    "preview",
    "models",
    "pull",
    "verify",
    "remove",
    "import",
    "inspect",
    "doctor",
    "bench",
    "completion"
  ])("of %s has examples and fits 100 columns", async (command) => {
    const { code, stdout } = await runCli([command, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("Examples:");
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it.each(["ask", "chat", "models", "rm"])("is what `help %s` prints", async (command) => {
    expect((await runCli(["help", command])).stdout).toBe(
      (await runCli([command === "rm" ? "remove" : command, "--help"])).stdout
    );
  });

  it.each(["--version", "-v", "version"])("%s prints the version of the package", async (word) => {
    expect((await runCli([word])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

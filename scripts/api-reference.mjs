// Writes docs/reference/api.md, the public surface as src/index.ts lists it, from the declarations and comments in dist/; with --check it
// changes nothing, and fails when the file is not what they say. It fails, too, for an export without a comment, and for a type
// that is used but not exported.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const page = join(root, "docs", "reference", "api.md");

const parse = (path) => ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
const declarationsOf = (file) =>
  file.statements
    .flatMap((node) => (ts.isVariableStatement(node) ? node.declarationList.declarations : [node]))
    .filter((node) => node.name !== undefined);

const isInternal = (node) => ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal");

/** The exports in their order, under the line comments of index.ts as headings. */
function publicSurface() {
  const index = parse(join(root, "src", "index.ts"));
  let chapter = "";
  return index.statements.filter(ts.isExportDeclaration).flatMap((statement) => {
    const comments = ts.getLeadingCommentRanges(index.text, statement.pos) ?? [];
    chapter =
      comments
        .map(({ pos, end }) => index.text.slice(pos, end))
        .find((text) => text.startsWith("// "))
        ?.slice(3) ?? chapter;
    const path = statement.moduleSpecifier.text.replace(/\.js$/, "");
    const file = parse(join(root, "dist", `${path}.d.ts`));
    return statement.exportClause.elements.map(({ name: { text: name } }) => {
      const node = declarationsOf(file).find((declaration) => declaration.name.text === name);
      if (node === undefined) throw new Error(`src/index.ts exports ${name} from ${path}, which does not declare it.`);
      return { chapter, name, node, file, source: join(root, "src", `${path}.ts`) };
    });
  });
}

/** A list of names in a constant, as the type that is made of it; undefined for other types. */
function unionOf(type, file) {
  const list = /^\(typeof (\w+)\)\[number\]$|^keyof typeof (\w+)$/.exec(type.getText(file));
  const constant = declarationsOf(file).find(({ name }) => name.text === (list?.[1] ?? list?.[2]))?.type;
  if (list === null || constant === undefined) return undefined;
  const names =
    list[1] === undefined
      ? constant.members.map(({ name }) => JSON.stringify(name.text))
      : constant.type.elements.map((element) => element.getText(file));
  return names.join(" | ");
}

/** The properties of a table of options, each with its comment or, without one, its description and default. */
async function optionsOf({ node, file, source }) {
  const [, kind, constant] = /^(OptionsOf|SettingsOf)<typeof (\w+)>$/.exec(node.type.getText(file)) ?? [];
  if (constant === undefined) return undefined;
  const { [constant]: table } = await import(join(root, "dist", `${source.slice(join(root, "src").length, -3)}.js`));
  const members = declarationsOf(file).find(({ name }) => name.text === constant).type.members;
  const lines = members.map((member) => {
    const name = member.name.text;
    const { describe, default: without } = table[name];
    const comment = paragraph(ts.getJSDocCommentsAndTags(member).filter(ts.isJSDoc).at(-1)?.comment) || `${describe}.`;
    const words = (without?.words ?? (without === undefined ? "" : JSON.stringify(without))).replace(/[{}]/g, "`");
    const type = member.type.typeArguments[0].getText(file);
    if (kind === "SettingsOf") return `  readonly ${name}: ${type};`;
    return `  /** ${oneLine(comment)}${words === "" || /\bDefault/.test(comment) ? "" : ` Default: ${words}.`} */\n  readonly ${name}?: ${type} | undefined;`;
  });
  return `interface ${node.name.text} {\n${lines.join("\n")}\n}`;
}

/** The declaration without its own comment, and without what is private; of a constant the source, which has its values' comments. */
async function codeOf(item) {
  const { node, file, name, source } = item;
  if (ts.isVariableDeclaration(node))
    return declarationsOf(parse(source))
      .find((declaration) => declaration.name.text === name)
      .parent.getText();
  const options = ts.isTypeAliasDeclaration(node) ? await optionsOf(item) : undefined;
  if (options !== undefined) return options;
  const union = ts.isTypeAliasDeclaration(node) ? unionOf(node.type, file) : undefined;
  if (union !== undefined) return `type ${name} = ${union};`;
  const isHidden = (member) => member.name?.kind === ts.SyntaxKind.PrivateIdentifier || isInternal(member);
  let code = file.text.slice(node.getStart(file), node.end);
  for (const { pos, end } of (node.members ?? []).filter(isHidden).reverse())
    code = code.slice(0, pos - node.getStart(file)) + code.slice(end - node.getStart(file));
  return code.replace(/^export (?:declare )?/, "").replace(/^(?: {4})+/gm, (indent) => indent.slice(indent.length / 2));
}

const paragraph = (comment) => linked((ts.getTextOfJSDocComment(comment) ?? "").trim());
const linked = (text) => text.replace(/\bdocs\/(\w+\/[\w-]+\.md)/g, "[$&](../$1)");
const oneLine = (text) => text.replace(/\s*\n\s*/g, " ");

/** What stands in front of the declaration. */
function proseOf(node) {
  const doc = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).at(-1);
  if (doc === undefined) return [];
  const tags = (doc.tags ?? [])
    .filter(({ tagName }) => tagName.text !== "example")
    .map((tag) => {
      const text = oneLine(paragraph(tag.comment));
      if (tag.tagName.text === "param") return `- \`${tag.name.getText()}\`: ${text}`;
      return tag.tagName.text === "throws" ? `- Throws ${text}` : `- Returns ${text}`;
    });
  const examples = (doc.tags ?? [])
    .filter(({ tagName }) => tagName.text === "example")
    .map(({ comment }) => ts.getTextOfJSDocComment(comment).trim());
  return [paragraph(doc.comment), tags.join("\n"), ...examples].filter((part) => part !== "");
}

/** The types of this package that a declaration names. */
function typesIn({ node, file, name: own }) {
  const ours = new Set(declarationsOf(file).map(({ name }) => name.text));
  for (const { importClause, moduleSpecifier } of file.statements.filter(ts.isImportDeclaration)) {
    if (moduleSpecifier.text.startsWith("."))
      for (const { name } of importClause?.namedBindings?.elements ?? []) ours.add(name.text);
  }
  const found = new Set();
  const visit = (child) => {
    if (isInternal(child)) return;
    if (ts.isTypeReferenceNode(child) || ts.isExpressionWithTypeArguments(child))
      found.add((child.typeName ?? child.expression).getText(file));
    ts.forEachChild(child, visit);
  };
  ts.forEachChild(node, visit);
  return [...found].filter((name) => ours.has(name) && name !== own && name !== "OptionsOf" && name !== "SettingsOf");
}

const anchor = (name) =>
  name
    .toLowerCase()
    .replace(/[^\w -]/g, "")
    .replaceAll(" ", "-");
const surface = publicSurface();
const isPublic = new Set(surface.map(({ name }) => name));

async function entry(item) {
  const types = typesIn(item);
  const missing = types.filter((name) => !isPublic.has(name));
  if (missing.length > 0)
    throw new Error(`${item.name} uses ${missing.join(" and ")}, which src/index.ts does not export.`);
  const prose = proseOf(item.node);
  if (prose.length === 0) throw new Error(`${item.name} is exported without a comment that says what it is.`);
  const links = types.map((name) => `[${name}](#${anchor(name)})`).join(" · ");
  return [
    `### ${item.name}`,
    ...prose,
    `\`\`\`ts\n${await codeOf(item)}\n\`\`\``,
    ...(links === "" ? [] : [`See ${links}`])
  ];
}

const chapters = [...new Set(surface.map(({ chapter }) => chapter))];
const reference = [
  "# The library",
  "All that `medgemma-local` exports: signatures, shapes, units, defaults and errors. How to begin: [Use it from a program](../guide/programs.md), [examples](../../examples).",
  'What ends in `Ms` is in milliseconds, in `Bytes` or `byteLength` in bytes. A `signal` that fires makes the call fail with ABORTED; an answer ends with `stopReason` "aborted" instead. Every failure is a [MedGemmaError](#medgemmaerror).',
  chapters
    .map((chapter) => {
      const names = surface.filter((item) => item.chapter === chapter).map(({ name }) => `[${name}](#${anchor(name)})`);
      return `- [${chapter}](#${anchor(chapter)}): ${names.join(" · ")}`;
    })
    .join("\n"),
  ...(
    await Promise.all(
      chapters.map(async (chapter) => [
        `## ${chapter}`,
        ...(await Promise.all(surface.filter((item) => item.chapter === chapter).map(entry))).flat()
      ])
    )
  ).flat()
].join("\n\n");

if (!process.argv.includes("--check")) writeFileSync(page, `${reference}\n`);
else if (readFileSync(page, "utf8") !== `${reference}\n`) {
  console.error("docs/reference/api.md is not what src/ says. Run npm run docs, and commit it.");
  process.exitCode = 1;
}

// Answers JSON lines: YAML to data, `if:` to a boolean, `${{ }}` in strings to text.
import { createInterface } from "node:readline";
import { Evaluator, Lexer, Parser, data } from "@actions/expressions";
import { TokenType } from "@actions/expressions/lexer";
import { truthy } from "@actions/expressions/result";
import { parse as parseYaml } from "yaml";

const STATUS_FUNCTIONS = ["always", "success", "failure", "cancelled"];

function evaluate(text, contexts, functions = new Map()) {
  const { tokens } = new Lexer(text).lex();
  const tree = new Parser(tokens, Object.keys(contexts), [...functions.values()]).parse();
  const known = JSON.parse(JSON.stringify(contexts), data.reviver);
  return { tokens, value: new Evaluator(tree, known, functions).evaluate() };
}

/** Splits text into plain strings and `{expression}`; a quoted `}}` does not end an expression. */
function segments(text) {
  const found = [];
  let at = 0;
  for (let open = text.indexOf("${{"); open >= 0; open = text.indexOf("${{", at)) {
    if (open > at) found.push(text.slice(at, open));
    let quoted = false;
    let close = open + 3;
    while (quoted || !text.startsWith("}}", close)) {
      if (close >= text.length) throw new Error(`'\${{' is never closed in: ${text}`);
      if (text[close] === "'") quoted = !quoted;
      close += 1;
    }
    found.push({ expression: text.slice(open + 3, close) });
    at = close + 2;
  }
  if (at < text.length) found.push(text.slice(at));
  return found;
}

function interpolate(text, contexts, functions) {
  return segments(text)
    .map((part) =>
      typeof part === "string"
        ? part
        : evaluate(part.expression, contexts, functions).value.coerceString(),
    )
    .join("");
}

function resolve(value, contexts) {
  if (value === null) return "";
  if (Array.isArray(value)) return value.map((item) => resolve(item, contexts));
  if (typeof value === "object")
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, resolve(item, contexts)]),
    );
  return interpolate(String(value), contexts);
}

function statusFunctions(status) {
  const results = { always: true, ...status };
  return new Map(
    STATUS_FUNCTIONS.map((name) => [
      name,
      { name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(results[name]) },
    ]),
  );
}

/** Without a status function of its own a condition means `success() && (…)`. */
function condition({ text, contexts, status }) {
  const functions = statusFunctions(status);
  const written = String(text ?? "").trim();
  if (written === "") return status.success;
  const parts = segments(written);
  if (parts.length > 1) return status.success && interpolate(written, contexts, functions) !== "";
  const expression = typeof parts[0] === "string" ? parts[0] : parts[0].expression;
  const { tokens, value } = evaluate(expression, contexts, functions);
  const asksStatus = tokens.some(
    (token, index) =>
      token.type === TokenType.IDENTIFIER &&
      STATUS_FUNCTIONS.includes(token.lexeme.toLowerCase()) &&
      tokens[index + 1].type === TokenType.LEFT_PAREN,
  );
  return (asksStatus || status.success) && truthy(value);
}

const OPERATIONS = {
  yaml: ({ text }) => parseYaml(text),
  resolve: ({ value, contexts }) => resolve(value, contexts),
  condition,
};

function answer(line) {
  const request = JSON.parse(line);
  try {
    return { value: OPERATIONS[request.operation](request) };
  } catch (error) {
    return { error: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(line))}\n`);
}

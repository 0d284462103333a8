/** The parts of the page for headend developers that are made from the code. */
import { CONTRACT, type ContractRow } from '../src/uplink/contract.ts';
import { SUMMARIES } from './asyncapi.ts';

function topicsTable(): string {
  const rows = (Object.keys(CONTRACT) as (keyof typeof CONTRACT)[]).map((name) => {
    const { topic, direction, retained, deflated }: ContractRow = CONTRACT[name];
    const topics = [topic, ...(deflated === undefined ? [] : [deflated])];
    const how = retained ? `${direction}, retained` : direction;
    const schema = `[${name}.schema.json](${name}.schema.json)`;
    return `| ${topics.map((one) => `\`${one}\``).join(', ')} | ${how} | ${SUMMARIES[name]} | ${schema} |`;
  });
  return ['| topic | direction | what | body |', '|---|---|---|---|', ...rows].join('\n');
}

/** Puts `content` between the two marks of this name; throws where they are not there. */
function between(page: string, name: string, content: string): string {
  const open = `<!-- ${name} -->`;
  const close = `<!-- /${name} -->`;
  const start = page.indexOf(open);
  const end = page.indexOf(close);
  if (start < 0 || end < start) throw new Error(`the page has no marks ${open} ${close}`);
  return `${page.slice(0, start + open.length)}\n${content}\n${page.slice(end)}`;
}

/** The page with its topics and its example as they are at present. */
export function contractPage(page: string, example: string): string {
  const code = `\`\`\`ts\n${example.trimEnd()}\n\`\`\``;
  return between(between(page, 'topics', topicsTable()), 'example', code);
}

/** Whether a SPIFFE id matches a pattern: `*` stands for any characters but `/`, and `**` at the end for any rest. Pure. */
export function matchesSpiffe(pattern: string, id: string): boolean {
  const isOpen = pattern.endsWith('**');
  const fixed = isOpen ? pattern.slice(0, -2) : pattern;
  const parts = fixed.split('*').map(part => part.replace(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('[^/]*')}${isOpen ? '.+' : ''}$`).test(id);
}

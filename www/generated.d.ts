/** Of this program, as package.json has it. */
declare const __VERSION__: string;

// The engine's module is generated. Before its first build the page can still be type-checked against this.
declare module '*/pkg/lacuna.js' {
  export default function init(options: { module_or_path: string }): Promise<unknown>;
}
declare module '*/pkg/lacuna_cpu.js' {
  export default function init(options: { module_or_path: string }): Promise<unknown>;
}
declare module '*/pkg/self_check.js' {
  export default function init(options: { module_or_path: string }): Promise<unknown>;
}
declare module '*/pkg/own_files.js' {
  export default function init(options: { module_or_path: string }): Promise<unknown>;
}

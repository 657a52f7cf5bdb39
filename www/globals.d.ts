/** Of this program, as package.json has it. */
declare const __VERSION__: string;

/** The version of this program, from package.json. */
declare const __VERSION__: string;

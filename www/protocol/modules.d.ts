// Written from src/web by `npm run generate`. Do not edit it: a unit test of the library compares it.

declare module '*/pkg/lacuna.js' {
  type Checkpoint = import('./generated').Checkpoint;
  type Classified = import('./generated').Classified;
  type DataFile = import('./generated').DataFile;
  type Described = import('./generated').Described;
  type Description = import('./generated').Description;
  type Drawn = import('./generated').Drawn;
  type Entrant = import('./generated').Entrant;
  type Evaluated = import('./generated').Evaluated;
  type Example = import('./generated').Example;
  type LabReport = import('./generated').LabReport;
  type NextPart = import('./generated').NextPart;
  type OwnData = import('./generated').OwnData;
  type Progress = import('./generated').Progress;
  type ReadRun = import('./generated').ReadRun;
  type Setting = import('./generated').Setting;
  type Snapshot = import('./generated').Snapshot;
  type Speed = import('./generated').Speed;
  type UnitCost = import('./generated').UnitCost;
  type Values = import('./generated').Values;

  /** Loads the module. */
  export default function init(options: { module_or_path: string }): Promise<unknown>;
  /**
   * Milliseconds of a dense step of a link's network on the device of the page's runs. It also compiles the kernels of the link's own run. The device and
   * the kernels stay for the next run. `adapter_name` is that of `Session.open`.
   */
  export function dense_step_ms(query: string, progress: Progress, adapter_name?: string): Promise<number>;
  /** The table of settings. */
  export function settings(): Array<Setting>;
  /** The entrants of a comparison. */
  export function entrants(): Array<Entrant>;
  /** The value of every setting in a link. */
  export function read_link(query: string): Values;
  /** Whether a link names no setting, and nothing else but what mailers and social networks add to links. */
  export function names_nothing(query: string): boolean;
  /** The query of a link with these values. It has only settings that differ from their defaults. */
  export function write_link(values: Values): string;
  /** The size of the largest buffer in bytes, if it does not depend on the adapter. */
  export function most_bytes(): number | undefined;
  /**
   * The network of a link and the memory of its run. No GPU is used. `most_bytes` is the size of the device's largest buffer, if it is known. If a tensor
   * is larger, `refused` is the message.
   */
  export function describe(query: string, most_bytes?: number): Described;
  /** Reads a run file for the page. */
  export function read_run(bytes: Uint8Array): ReadRun;
  /** The same run file without its checkpoint. */
  export function recording_of(bytes: Uint8Array): Uint8Array;
  /** The description of the visitor's own data that `take_own` was given; null if there are no data. */
  export function own_data(): OwnData | null;
  /**
   * Sets the visitor's own data, which the module `own_files` made; they replace earlier ones. `shape` is `[channels, height, width]`. `inputs`, `[N,
   * I]`, and `labels`, `[N]`, are those of the training rows. If there are no test inputs, test rows are drawn from them. `about` describes the data for
   * the page.
   */
  export function take_own(about: OwnData, classes: number, shape: Uint32Array, inputs: Uint8Array, labels: Uint8Array, test_inputs: Uint8Array, test_labels: Uint8Array): void;
  export class Session {
    private constructor();
    /** The test image of that number. */
    example(index: number): Promise<Example>;
    /** Begins to classify an image of `[I]` bytes with the current network. */
    classify(image: Uint8Array): Promise<void>;
    /**
     * Continues with the image: one submit of sampled masks. After all masks, with `explain`, one submit of contributions. Returns the results so far, or
     * null if everything was done before.
     */
    classify_more(explain: boolean): Promise<Classified | null>;
    /** Frees the copy of the network. */
    classify_release(): void;
    /**
     * Draws `pairs` more pairs of masks of the frozen network; the first call freezes it. If the network has so few undecided units that all masks are
     * enumerated, the first calls enumerate some masks each instead.
     */
    estimator_draw(pairs: number): Promise<Drawn>;
    /** Frees the copies of the network. */
    estimator_release(): void;
    /** The measurements of each estimator from the pairs so far; null if there are too few. */
    estimator_report(): LabReport | null;
    /** The run file with a checkpoint of the current state. */
    checkpoint(): Promise<Checkpoint>;
    /** The run file up to the last snapshot, without a checkpoint. It does not use the device. */
    recording(): Uint8Array;
    /** Continues the run of a file, with its curves, history, tests and changes of settings. */
    restore(bytes: Uint8Array): void;
    /**
     * Opens the adapter, compiles the kernels, allocates the network and draws its first weights. `adapter_name` is the name that the browser gave the
     * page; browsers give an engine less of it.
     */
    static open(query: string, progress: Progress, adapter_name?: string): Promise<Session>;
    /** The facts of the run that do not change. */
    description(): Description;
    /** Interrupts a long call when the run is closed. It is an object of its own, because a session allows one call at a time. */
    stopper(): Stopper;
    /** The files for `feed`, in the order in which to fetch them. */
    files(): Array<DataFile>;
    /** Reads the next unpacked bytes of a file and sends complete rows to the GPU. */
    feed(name: string, bytes: Uint8Array): void;
    /** Checks the length and checksum of a file after its last bytes. */
    feed_end(name: string): void;
    /** Training rows that have arrived. */
    rows_ready(): number;
    /**
     * Trains one submit of at most `most_steps` steps; fewer if rows are missing or the device is slow. If the experiment compacts, units whose score is
     * 0 for good are dropped from memory at the end of an epoch.
     */
    advance(most_steps: number): Promise<Snapshot>;
    /** Executes the next part of a step. Null if rows are missing or the run is over. */
    phase(): Promise<NextPart | null>;
    /** The difference of the loss with a unit on and off, on at most `batches` batches: see `UnitCost`. */
    unit_cost(unit: number, batches: number): Promise<UnitCost>;
    /**
     * `[count, channels, side, side]` the current weights of the first convolution. The weights of dropped filters are 0. Null if the network does not
     * begin with a convolution.
     */
    filters(): Promise<Float32Array | null>;
    /** The current state. */
    snapshot(): Promise<Snapshot>;
    /** Changes a live setting from the next step on. Returns the number of that step. */
    change(name: string, value: string): number;
    /** Tests the network under the decided mask and a sampled one, on at most `most_images` images. */
    evaluate(most_images: number): Promise<Evaluated>;
    /** Measures the time of this run's step and of a dense step, in turns. The run does not change. */
    measure_speed(): Promise<Speed>;
    /** If the experiment fine-tunes, selects a mask and fine-tunes under it. Returns the accuracy under the selected mask, or null if none was selected. */
    finish(progress: Progress): Promise<number | null>;
    /** Why the device is lost, or null. */
    lost(): string | undefined;
    /**
     * What a choice of variants depends on, for the page to remember it by. `undefined` if there is nothing to choose: the CPU engine has one version of
     * each kernel, and an adapter that computes on the CPU takes longer to compile others than they save.
     */
    kernels_key(): string | undefined;
    /** Uses the variants of the kernels that the page remembers or, without any, measures which are the fastest. Returns their names. */
    choose_kernels(progress: Progress, known?: string): Promise<string>;
    /** Frees its memory. The object must not be used afterwards. */
    free(): void;
  }
  export class Stopper {
    private constructor();
    /** Makes a test, a choice of a mask, fine-tuning or a measurement of speed fail after the current submit. Later ones fail as well. */
    stop(): void;
    /** Frees its memory. The object must not be used afterwards. */
    free(): void;
  }
}

declare module '*/pkg/lacuna_cpu.js' {
  type CheckResult = import('./generated').CheckResult;
  type CheckScene = import('./generated').CheckScene;
  type Checkpoint = import('./generated').Checkpoint;
  type Classified = import('./generated').Classified;
  type DataFile = import('./generated').DataFile;
  type Described = import('./generated').Described;
  type Description = import('./generated').Description;
  type Drawn = import('./generated').Drawn;
  type Entrant = import('./generated').Entrant;
  type Evaluated = import('./generated').Evaluated;
  type Example = import('./generated').Example;
  type LabReport = import('./generated').LabReport;
  type NextPart = import('./generated').NextPart;
  type OwnData = import('./generated').OwnData;
  type Progress = import('./generated').Progress;
  type ReadRun = import('./generated').ReadRun;
  type Setting = import('./generated').Setting;
  type Snapshot = import('./generated').Snapshot;
  type Speed = import('./generated').Speed;
  type UnitCost = import('./generated').UnitCost;
  type Values = import('./generated').Values;

  /** Loads the module. */
  export default function init(options: { module_or_path: string }): Promise<unknown>;
  /**
   * Compares every kernel with its reference on this adapter, scene by scene. Calls `progress` while kernels are compiled, and `report` after each scene,
   * with the number of scenes done and of all. Returns the adapter and the result of each kernel over all scenes. `adapter_name` is the name that the
   * browser gave the page; browsers give an engine less of it.
   */
  export function check(progress: Progress, report: (scene: CheckScene, done: number, of: number) => void, adapter_name?: string): Promise<CheckResult>;
  /**
   * Milliseconds of a dense step of a link's network on the device of the page's runs. It also compiles the kernels of the link's own run. The device and
   * the kernels stay for the next run. `adapter_name` is that of `Session.open`.
   */
  export function dense_step_ms(query: string, progress: Progress, adapter_name?: string): Promise<number>;
  /** The table of settings. */
  export function settings(): Array<Setting>;
  /** The entrants of a comparison. */
  export function entrants(): Array<Entrant>;
  /** The value of every setting in a link. */
  export function read_link(query: string): Values;
  /** Whether a link names no setting, and nothing else but what mailers and social networks add to links. */
  export function names_nothing(query: string): boolean;
  /** The query of a link with these values. It has only settings that differ from their defaults. */
  export function write_link(values: Values): string;
  /** The size of the largest buffer in bytes, if it does not depend on the adapter. */
  export function most_bytes(): number | undefined;
  /**
   * The network of a link and the memory of its run. No GPU is used. `most_bytes` is the size of the device's largest buffer, if it is known. If a tensor
   * is larger, `refused` is the message.
   */
  export function describe(query: string, most_bytes?: number): Described;
  /** Reads a run file for the page. */
  export function read_run(bytes: Uint8Array): ReadRun;
  /** The same run file without its checkpoint. */
  export function recording_of(bytes: Uint8Array): Uint8Array;
  /** The description of the visitor's own data that `take_own` was given; null if there are no data. */
  export function own_data(): OwnData | null;
  /**
   * Sets the visitor's own data, which the module `own_files` made; they replace earlier ones. `shape` is `[channels, height, width]`. `inputs`, `[N,
   * I]`, and `labels`, `[N]`, are those of the training rows. If there are no test inputs, test rows are drawn from them. `about` describes the data for
   * the page.
   */
  export function take_own(about: OwnData, classes: number, shape: Uint32Array, inputs: Uint8Array, labels: Uint8Array, test_inputs: Uint8Array, test_labels: Uint8Array): void;
  export class Session {
    private constructor();
    /** The test image of that number. */
    example(index: number): Promise<Example>;
    /** Begins to classify an image of `[I]` bytes with the current network. */
    classify(image: Uint8Array): Promise<void>;
    /**
     * Continues with the image: one submit of sampled masks. After all masks, with `explain`, one submit of contributions. Returns the results so far, or
     * null if everything was done before.
     */
    classify_more(explain: boolean): Promise<Classified | null>;
    /** Frees the copy of the network. */
    classify_release(): void;
    /**
     * Draws `pairs` more pairs of masks of the frozen network; the first call freezes it. If the network has so few undecided units that all masks are
     * enumerated, the first calls enumerate some masks each instead.
     */
    estimator_draw(pairs: number): Promise<Drawn>;
    /** Frees the copies of the network. */
    estimator_release(): void;
    /** The measurements of each estimator from the pairs so far; null if there are too few. */
    estimator_report(): LabReport | null;
    /** The run file with a checkpoint of the current state. */
    checkpoint(): Promise<Checkpoint>;
    /** The run file up to the last snapshot, without a checkpoint. It does not use the device. */
    recording(): Uint8Array;
    /** Continues the run of a file, with its curves, history, tests and changes of settings. */
    restore(bytes: Uint8Array): void;
    /**
     * Opens the adapter, compiles the kernels, allocates the network and draws its first weights. `adapter_name` is the name that the browser gave the
     * page; browsers give an engine less of it.
     */
    static open(query: string, progress: Progress, adapter_name?: string): Promise<Session>;
    /** The facts of the run that do not change. */
    description(): Description;
    /** Interrupts a long call when the run is closed. It is an object of its own, because a session allows one call at a time. */
    stopper(): Stopper;
    /** The files for `feed`, in the order in which to fetch them. */
    files(): Array<DataFile>;
    /** Reads the next unpacked bytes of a file and sends complete rows to the GPU. */
    feed(name: string, bytes: Uint8Array): void;
    /** Checks the length and checksum of a file after its last bytes. */
    feed_end(name: string): void;
    /** Training rows that have arrived. */
    rows_ready(): number;
    /**
     * Trains one submit of at most `most_steps` steps; fewer if rows are missing or the device is slow. If the experiment compacts, units whose score is
     * 0 for good are dropped from memory at the end of an epoch.
     */
    advance(most_steps: number): Promise<Snapshot>;
    /** Executes the next part of a step. Null if rows are missing or the run is over. */
    phase(): Promise<NextPart | null>;
    /** The difference of the loss with a unit on and off, on at most `batches` batches: see `UnitCost`. */
    unit_cost(unit: number, batches: number): Promise<UnitCost>;
    /**
     * `[count, channels, side, side]` the current weights of the first convolution. The weights of dropped filters are 0. Null if the network does not
     * begin with a convolution.
     */
    filters(): Promise<Float32Array | null>;
    /** The current state. */
    snapshot(): Promise<Snapshot>;
    /** Changes a live setting from the next step on. Returns the number of that step. */
    change(name: string, value: string): number;
    /** Tests the network under the decided mask and a sampled one, on at most `most_images` images. */
    evaluate(most_images: number): Promise<Evaluated>;
    /** Measures the time of this run's step and of a dense step, in turns. The run does not change. */
    measure_speed(): Promise<Speed>;
    /** If the experiment fine-tunes, selects a mask and fine-tunes under it. Returns the accuracy under the selected mask, or null if none was selected. */
    finish(progress: Progress): Promise<number | null>;
    /** Why the device is lost, or null. */
    lost(): string | undefined;
    /**
     * What a choice of variants depends on, for the page to remember it by. `undefined` if there is nothing to choose: the CPU engine has one version of
     * each kernel, and an adapter that computes on the CPU takes longer to compile others than they save.
     */
    kernels_key(): string | undefined;
    /** Uses the variants of the kernels that the page remembers or, without any, measures which are the fastest. Returns their names. */
    choose_kernels(progress: Progress, known?: string): Promise<string>;
    /** Frees its memory. The object must not be used afterwards. */
    free(): void;
  }
  export class Stopper {
    private constructor();
    /** Makes a test, a choice of a mask, fine-tuning or a measurement of speed fail after the current submit. Later ones fail as well. */
    stop(): void;
    /** Frees its memory. The object must not be used afterwards. */
    free(): void;
  }
}

declare module '*/pkg/self_check.js' {
  type CheckResult = import('./generated').CheckResult;
  type CheckScene = import('./generated').CheckScene;
  type Progress = import('./generated').Progress;

  /** Loads the module. */
  export default function init(options: { module_or_path: string }): Promise<unknown>;
  /**
   * Compares every kernel with its reference on this adapter, scene by scene. Calls `progress` while kernels are compiled, and `report` after each scene,
   * with the number of scenes done and of all. Returns the adapter and the result of each kernel over all scenes. `adapter_name` is the name that the
   * browser gave the page; browsers give an engine less of it.
   */
  export function check(progress: Progress, report: (scene: CheckScene, done: number, of: number) => void, adapter_name?: string): Promise<CheckResult>;
}

declare module '*/pkg/own_files.js' {
  type OwnSet = import('./generated').OwnSet;

  /** Loads the module. */
  export default function init(options: { module_or_path: string }): Promise<unknown>;
  /** A saved run, with weights or without, as the bytes of an animated GIF. */
  export function animate(file: Uint8Array): Uint8Array;
  export class FileImporter {
    /** Chooses among files with these paths. Folders are separated by `/`. */
    constructor(paths: string[]);
    /** The files to read, as places in the list of paths, in order. */
    wanted(): Uint32Array;
    /** Takes the unpacked content of the next file. */
    take(file: number, bytes: Uint8Array): void;
    /** The columns of a table that was refused, for a choice of the class. */
    columns(): string[];
    /** Makes the data set. `label`: the column with the class, as `--label` names it. `missing`: what happens to missing values, as `--missing` says it. */
    finish(label: string, missing: string): OwnSet;
    /** Frees its memory. The object must not be used afterwards. */
    free(): void;
  }
}

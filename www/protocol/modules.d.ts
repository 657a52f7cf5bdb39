// Written from src/web by `npm run generate`. Do not edit it: a unit test of the library compares.

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
  /** The table of settings. */
  export function settings(): Array<Setting>;
  /** Who takes part in a comparison. */
  export function entrants(): Array<Entrant>;
  /** Every setting's value for a link. */
  export function read_link(query: string): Values;
  /** The query of the experiment with these values: what differs from the defaults. */
  export function write_link(values: Values): string;
  /** What a buffer holds at most in bytes, where that does not depend on an adapter. */
  export function most_bytes(): number | undefined;
  /**
   * The network of a link and what it would take, before anything is taken: no GPU is asked. `most_bytes` is what the device lets a buffer hold, where
   * that is known; `refused` says in words what is larger.
   */
  export function describe(query: string, most_bytes?: number): Described;
  /** What a run file holds, for the page to show. */
  export function read_run(bytes: Uint8Array): ReadRun;
  /** The same file without what it takes to go on. */
  export function recording_of(bytes: Uint8Array): Uint8Array;
  /** What the page says about the visitor's own data, as it was told; null where there are none. */
  export function own_data(): OwnData | null;
  /**
   * Takes the visitor's own data, as the module that reads files made them, in place of those before: `shape` is `[channels, height, width]`, inputs `[N,
   * I]` and labels `[N]`, of the training or all rows and of the test rows, none where these are to be drawn; `about` is what the page says about them.
   */
  export function take_own(about: OwnData, classes: number, shape: Uint32Array, inputs: Uint8Array, labels: Uint8Array, test_inputs: Uint8Array, test_labels: Uint8Array): void;
  export class Session {
    private constructor();
    /** The test image of that number. */
    example(index: number): Promise<Example>;
    /** Takes an image of `[I]` bytes to be classified by the network as it stands now. */
    classify(image: Uint8Array): void;
    /**
     * Goes on with the image: one submit of sampled masks or, with `explain` and once all are sampled, of contributions. Gives what is known now; null
     * where nothing was left to do.
     */
    classify_more(explain: boolean): Promise<Classified | null>;
    /** Gives the memory of the copy back. */
    classify_release(): void;
    /**
     * Draws `pairs` more pairs of masks of the frozen network, which it freezes if it is not; where all masks are to be tried, some of these instead,
     * until none is left.
     */
    estimator_draw(pairs: number): Promise<Drawn>;
    /** Gives the frozen copies' memory back. */
    estimator_release(): void;
    /** What the pairs drawn so far say of each estimator; null before there is anything to say. */
    estimator_report(): LabReport | null;
    /** The run as a file, to go on from here. */
    checkpoint(): Promise<Checkpoint>;
    /** The run as a file to be looked at, as the last snapshot told it: without what it takes to go on. */
    recording(): Uint8Array;
    /** Takes up the run of a file, with its curves, its history, its tests and what was changed on the way. */
    restore(bytes: Uint8Array): void;
    /** Opens the adapter, compiles, allocates, draws the first weights. Browsers tell the page more of the adapter's name than the engine. */
    static open(query: string, progress: Progress, adapter_name?: string): Promise<Session>;
    /** What does not change during the run. */
    description(): Description;
    /** What ends a test, a choice of a mask or a measurement early, when the run is to be closed: a session takes one call at a time. */
    stopper(): Stopper;
    /** The files to feed, in the order to fetch them. */
    files(): Array<DataFile>;
    /** Takes the next unpacked bytes of a file and sends whole rows to the GPU. */
    feed(name: string, bytes: Uint8Array): void;
    /** Checks a file's length and checksum once nothing more comes. */
    feed_end(name: string): void;
    /** Training rows that may be used already. */
    rows_ready(): number;
    /**
     * One submit of at most `most_steps` steps, fewer where rows are missing or the device is slow. Where the experiment asks for that, an epoch that
     * ends takes the units that are off for good out of memory.
     */
    advance(most_steps: number): Promise<Snapshot>;
    /** Takes the next part of a step. Null where rows are missing or the run is over. */
    phase(): Promise<NextPart | null>;
    /** What a unit is worth on at most `batches` batches: see `trainer::UnitCost`. */
    unit_cost(unit: number, batches: number): Promise<UnitCost>;
    /**
     * `[count, channels, side, side]` the weights of the first convolution as they are now, those of filters that are gone as 0; null where the network
     * does not begin with one.
     */
    filters(): Promise<Float32Array | null>;
    /** The state now. */
    snapshot(): Promise<Snapshot>;
    /** Changes a live setting from the next step on, whose number it answers with. */
    change(name: string, value: string): number;
    /** Test accuracy under the decided mask and a sampled one, over at most `most_images` images. */
    evaluate(most_images: number): Promise<Evaluated>;
    /** Times this run's step against a dense one, in turns; the run is left as it was. */
    measure_speed(): Promise<Speed>;
    /**
     * Selects a mask and fine-tunes under it, where the experiment asks for that. Gives the accuracy under the selected mask, null where none was
     * selected.
     */
    finish(progress: Progress): Promise<number | null>;
    /** Why the device is gone, if it is. */
    lost(): string | undefined;
    /** Gives its memory back; nothing may be asked of it afterwards. */
    free(): void;
  }
  export class Stopper {
    private constructor();
    /** A test, a choice of a mask, fine-tuning or a measurement of speed fails after the submit at hand, as all later ones do. */
    stop(): void;
    /** Gives its memory back; nothing may be asked of it afterwards. */
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
   * Compares every kernel with its reference on this adapter, scene by scene. `progress` is told how far the kernels are compiled, `told` each scene as
   * it ends, how many are done, and of how many. Gives the adapter and what each kernel showed over all scenes. Browsers tell the page more of the
   * adapter's name than the engine.
   */
  export function check(progress: Progress, told: (scene: CheckScene, done: number, of: number) => void, adapter_name?: string): Promise<CheckResult>;
  /** The table of settings. */
  export function settings(): Array<Setting>;
  /** Who takes part in a comparison. */
  export function entrants(): Array<Entrant>;
  /** Every setting's value for a link. */
  export function read_link(query: string): Values;
  /** The query of the experiment with these values: what differs from the defaults. */
  export function write_link(values: Values): string;
  /** What a buffer holds at most in bytes, where that does not depend on an adapter. */
  export function most_bytes(): number | undefined;
  /**
   * The network of a link and what it would take, before anything is taken: no GPU is asked. `most_bytes` is what the device lets a buffer hold, where
   * that is known; `refused` says in words what is larger.
   */
  export function describe(query: string, most_bytes?: number): Described;
  /** What a run file holds, for the page to show. */
  export function read_run(bytes: Uint8Array): ReadRun;
  /** The same file without what it takes to go on. */
  export function recording_of(bytes: Uint8Array): Uint8Array;
  /** What the page says about the visitor's own data, as it was told; null where there are none. */
  export function own_data(): OwnData | null;
  /**
   * Takes the visitor's own data, as the module that reads files made them, in place of those before: `shape` is `[channels, height, width]`, inputs `[N,
   * I]` and labels `[N]`, of the training or all rows and of the test rows, none where these are to be drawn; `about` is what the page says about them.
   */
  export function take_own(about: OwnData, classes: number, shape: Uint32Array, inputs: Uint8Array, labels: Uint8Array, test_inputs: Uint8Array, test_labels: Uint8Array): void;
  export class Session {
    private constructor();
    /** The test image of that number. */
    example(index: number): Promise<Example>;
    /** Takes an image of `[I]` bytes to be classified by the network as it stands now. */
    classify(image: Uint8Array): void;
    /**
     * Goes on with the image: one submit of sampled masks or, with `explain` and once all are sampled, of contributions. Gives what is known now; null
     * where nothing was left to do.
     */
    classify_more(explain: boolean): Promise<Classified | null>;
    /** Gives the memory of the copy back. */
    classify_release(): void;
    /**
     * Draws `pairs` more pairs of masks of the frozen network, which it freezes if it is not; where all masks are to be tried, some of these instead,
     * until none is left.
     */
    estimator_draw(pairs: number): Promise<Drawn>;
    /** Gives the frozen copies' memory back. */
    estimator_release(): void;
    /** What the pairs drawn so far say of each estimator; null before there is anything to say. */
    estimator_report(): LabReport | null;
    /** The run as a file, to go on from here. */
    checkpoint(): Promise<Checkpoint>;
    /** The run as a file to be looked at, as the last snapshot told it: without what it takes to go on. */
    recording(): Uint8Array;
    /** Takes up the run of a file, with its curves, its history, its tests and what was changed on the way. */
    restore(bytes: Uint8Array): void;
    /** Opens the adapter, compiles, allocates, draws the first weights. Browsers tell the page more of the adapter's name than the engine. */
    static open(query: string, progress: Progress, adapter_name?: string): Promise<Session>;
    /** What does not change during the run. */
    description(): Description;
    /** What ends a test, a choice of a mask or a measurement early, when the run is to be closed: a session takes one call at a time. */
    stopper(): Stopper;
    /** The files to feed, in the order to fetch them. */
    files(): Array<DataFile>;
    /** Takes the next unpacked bytes of a file and sends whole rows to the GPU. */
    feed(name: string, bytes: Uint8Array): void;
    /** Checks a file's length and checksum once nothing more comes. */
    feed_end(name: string): void;
    /** Training rows that may be used already. */
    rows_ready(): number;
    /**
     * One submit of at most `most_steps` steps, fewer where rows are missing or the device is slow. Where the experiment asks for that, an epoch that
     * ends takes the units that are off for good out of memory.
     */
    advance(most_steps: number): Promise<Snapshot>;
    /** Takes the next part of a step. Null where rows are missing or the run is over. */
    phase(): Promise<NextPart | null>;
    /** What a unit is worth on at most `batches` batches: see `trainer::UnitCost`. */
    unit_cost(unit: number, batches: number): Promise<UnitCost>;
    /**
     * `[count, channels, side, side]` the weights of the first convolution as they are now, those of filters that are gone as 0; null where the network
     * does not begin with one.
     */
    filters(): Promise<Float32Array | null>;
    /** The state now. */
    snapshot(): Promise<Snapshot>;
    /** Changes a live setting from the next step on, whose number it answers with. */
    change(name: string, value: string): number;
    /** Test accuracy under the decided mask and a sampled one, over at most `most_images` images. */
    evaluate(most_images: number): Promise<Evaluated>;
    /** Times this run's step against a dense one, in turns; the run is left as it was. */
    measure_speed(): Promise<Speed>;
    /**
     * Selects a mask and fine-tunes under it, where the experiment asks for that. Gives the accuracy under the selected mask, null where none was
     * selected.
     */
    finish(progress: Progress): Promise<number | null>;
    /** Why the device is gone, if it is. */
    lost(): string | undefined;
    /** Gives its memory back; nothing may be asked of it afterwards. */
    free(): void;
  }
  export class Stopper {
    private constructor();
    /** A test, a choice of a mask, fine-tuning or a measurement of speed fails after the submit at hand, as all later ones do. */
    stop(): void;
    /** Gives its memory back; nothing may be asked of it afterwards. */
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
   * Compares every kernel with its reference on this adapter, scene by scene. `progress` is told how far the kernels are compiled, `told` each scene as
   * it ends, how many are done, and of how many. Gives the adapter and what each kernel showed over all scenes. Browsers tell the page more of the
   * adapter's name than the engine.
   */
  export function check(progress: Progress, told: (scene: CheckScene, done: number, of: number) => void, adapter_name?: string): Promise<CheckResult>;
}

declare module '*/pkg/own_files.js' {
  type OwnSet = import('./generated').OwnSet;

  /** Loads the module. */
  export default function init(options: { module_or_path: string }): Promise<unknown>;
  export class FileImporter {
    /**  */
    constructor();
    /** Takes a decoded picture, `[height, width, 4]` bytes; its folder is its class. */
    picture(path: string, width: number, height: number, rgba: Uint8Array): void;
    /** Takes an idx file, unpacked. */
    idx(path: string, bytes: Uint8Array): void;
    /** Takes a table with its class in the column that `label` names: auto, first or last. */
    table(name: string, bytes: Uint8Array, label: string): void;
    /** The set that the files make. */
    finish(name: string): OwnSet;
    /** Gives its memory back; nothing may be asked of it afterwards. */
    free(): void;
  }
}

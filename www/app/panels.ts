// What stands in the middle of the page: the network, or a panel, which comes when it is first looked at.

import type { Contender, Description, Knob, LabProgress, LabReport, Request, RunState } from '../protocol/messages';
import type { CheckView } from '../features/check/view';
import { at } from '../ui/element';
import type { LabView } from '../features/estimators/view';
import type { OwnView } from '../features/dataset/view';
import type { Palette } from '../ui/palette';
import type { RunsView, Wishes } from '../features/runs/view';
import type { TryView } from '../features/try/view';

/** The page, as far as it concerns its panels. */
export interface Page {
  ask: (request: Request) => void;
  run: () => { state: RunState; description: Description | null; palette: Palette; lab: { progress: LabProgress; report: LabReport | null } | null };
  knobs: () => Knob[];
  contenders: () => Contender[];
  compare: Wishes;
  /** Draws pairs of masks; else says why none can be drawn. */
  draw: (pairs: number) => string | null;
  /** Why there is no network that could be asked for anything, where a recorded run is looked at. */
  recorded: () => string | null;
  /** Shows the classes' probabilities beside the network. */
  classes: (probabilities: Float32Array | null) => void;
  /** Whether the run's masks are drawn by chance. */
  samples: () => boolean;
  /** The visitor's own data cannot be read any more. */
  loseOwn: (message: string) => void;
  openRun: (file: File) => void;
  /** That panel is in the middle now. */
  shows: (name: string) => void;
}

const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

export class Panels {
  runs: RunsView | null = null;
  lab: LabView | null = null;
  tried: TryView | null = null;
  own: OwnView | null = null;
  private check: CheckView | null = null;
  private readonly page: Page;
  /** While the device is checked, the run waits. */
  private rests = false;

  constructor(page: Page) {
    this.page = page;
    // Files may be dropped anywhere, and at once: the panel that comes under the pointer is entered first.
    const accept = (event: DragEvent): void => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      if (this.shown !== 'own') void this.show('own');
      this.own?.over(true);
    };
    addEventListener('dragenter', accept);
    addEventListener('dragover', accept);
    addEventListener('dragleave', (event) => {
      if (event.relatedTarget === null) this.own?.over(false);
    });
    addEventListener('drop', (event) => {
      if (!carriesFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      const kept = [...event.dataTransfer.files].find(({ name }) => /\.safetensors(\.gz)?$/i.test(name));
      if (!kept) return void this.take(event.dataTransfer);
      this.own?.over(false);
      page.openRun(kept);
    });
  }

  /** Files were dropped, perhaps before their panel is there. Once this function waits for anything, the browser has taken the list back. */
  private async take({ items, files }: DataTransfer): Promise<void> {
    const entries = [...items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
    const loose = [...files];
    await this.show('own');
    await this.own?.drop(entries, loose);
  }

  get shown(): string {
    return document.body.dataset['view'] ?? '';
  }

  recolour(palette: Palette): void {
    this.runs?.recolour();
    this.lab?.recolour();
    this.tried?.recolour(palette);
  }

  async show(name: string): Promise<void> {
    document.body.dataset['view'] = name;
    for (const button of document.querySelectorAll<HTMLButtonElement>('.views button')) button.ariaPressed = String(button.value === name);
    await this.bring(name);
    this.page.shows(name);
  }

  /** A panel's own module comes when it is first wanted; where it does not come, the next press asks once more. */
  private async bring(name: string): Promise<void> {
    const lost = at(name).querySelector('.unloaded');
    lost?.remove();
    try {
      await this.load(name);
    } catch (error) {
      const words = document.createElement('p');
      words.className = 'unloaded refusal';
      words.setAttribute('role', 'alert');
      words.textContent = `This panel could not be loaded: ${error instanceof Error ? error.message : String(error)}. Press its button once more.`;
      at(name).append(words);
    }
  }

  private async load(name: string): Promise<void> {
    const { page } = this;
    if (name === 'runs' && !this.runs) {
      const { RunsView } = await import('../features/runs/view');
      this.runs ??= new RunsView(at('runs'), page.knobs, page.contenders, page.compare);
    }
    if (name === 'estimators' && !this.lab) {
      const { LabView } = await import('../features/estimators/view');
      this.lab ??= new LabView(at('estimators'), (pairs) => {
        const refused = page.draw(pairs);
        if (refused) this.lab?.refuse(refused);
      });
      const { lab } = page.run();
      if (lab) this.lab.draw(lab.progress, lab.report);
    }
    if (name === 'try' && !this.tried) {
      const { TryView } = await import('../features/try/view');
      const { palette, description } = page.run();
      this.tried ??= new TryView(at('try'), palette, { ask: page.ask, classes: page.classes, recorded: page.recorded, samples: page.samples });
      if (description) this.tried.opened(description);
    }
    if (name === 'own' && !this.own) {
      const { OwnView } = await import('../features/dataset/view');
      this.own ??= new OwnView(at('own'), {
        give: (set, given) => page.ask({ kind: 'own', set, given }),
        lose: page.loseOwn,
        leave: () => void this.show('network'),
      });
    }
    if (name === 'check' && !this.check) {
      const { CheckView } = await import('../features/check/view');
      this.check ??= new CheckView(at('check'), {
        begin: () => {
          this.rests = page.run().state === 'training';
          if (this.rests) page.ask({ kind: 'pause' });
        },
        end: () => {
          // The pause may be on its way yet.
          if (this.rests && ['paused', 'training'].includes(page.run().state)) page.ask({ kind: 'train' });
        },
      });
    }
  }
}

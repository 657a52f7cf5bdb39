// The features of the page, one line each. Reports of the worker reach them in this order.

import { adapter } from '../features/adapter';
import { budget } from '../features/budget';
import { check } from '../features/check';
import { checkpoints } from '../features/checkpoints';
import { claims } from '../features/claims';
import { curves } from '../features/curves';
import { dataset } from '../features/dataset';
import { error } from '../features/error';
import { estimators } from '../features/estimators';
import { frame } from '../features/frame';
import { gallery } from '../features/gallery';
import { history } from '../features/history';
import { languages } from '../features/language';
import { lesson } from '../features/lesson';
import { method } from '../features/method';
import { network } from '../features/network';
import { phases } from '../features/phases';
import { pins } from '../features/pins';
import { readings } from '../features/readings';
import { runs } from '../features/runs';
import { settings } from '../features/settings';
import { share } from '../features/share';
import { speed } from '../features/speed';
import { status } from '../features/status';
import { stepThrough } from '../features/step-through';
import { tour } from '../features/tour';
import { train } from '../features/train';
import { tryIt } from '../features/try';
import type { Feature } from '../ui/page';

export const FEATURES: Feature[] = [
  network,
  history,
  phases,
  readings,
  speed,
  budget,
  curves,
  settings,
  error,
  train,
  status,
  stepThrough,
  pins,
  adapter,
  runs,
  estimators,
  tryIt,
  dataset,
  check,
  checkpoints,
  share,
  tour,
  method,
  lesson,
  gallery,
  claims,
  frame,
  languages,
];

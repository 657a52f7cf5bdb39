//! The scenes: small networks with awkward sizes.

use crate::estimators::Estimator;
use crate::shared::{Mode, part};

use super::scene::{PINNED, Scene, Scores, USUAL, by_fisher, controlled, flat, image, straight_through};

pub(super) const SCENES: &[Scene] = &[
    USUAL,
    Scene {
        name: "inputs not gated",
        model: "mlp-70-6-5",
        image: flat(53),
        classes: 3,
        gate_inputs: false,
        batch_size: 31,
        change: |p| p.estimator = Estimator::OneSided.id(),
        keep: 0.3,
        all_variants: true,
        ..USUAL
    },
    Scene {
        name: "plain, alpha 0, SGD",
        model: "mlp-9",
        image: flat(6),
        classes: 2,
        batch_size: 1,
        change: |p| {
            p.estimator = Estimator::Plain.id();
            p.alpha = 0.0;
            p.optimizer = 1;
        },
        keep: 0.5,
        ..USUAL
    },
    Scene {
        name: "alpha 0.75, clipped",
        model: "mlp-41",
        image: flat(17),
        classes: 101,
        batch_size: 200,
        change: |p| {
            p.alpha = 0.75;
            p.clip_norm = 0.01;
        },
        keep: 0.1,
        ..USUAL
    },
    Scene {
        name: "several units for each invocation",
        side_by_side: false,
        model: "mlp-700",
        image: flat(31),
        classes: 4,
        gate_inputs: false,
        batch_size: 6,
        keep: 0.7,
        ..USUAL
    },
    Scene {
        name: "nothing drawn",
        side_by_side: false,
        model: "mlp-33-21",
        image: flat(18),
        classes: 5,
        batch_size: 7,
        keep: 0.01,
        scores: Scores::Vanishing,
        all_variants: true,
        ..USUAL
    },
    Scene {
        name: "ties",
        model: "mlp-24-15",
        image: flat(22),
        classes: 5,
        batch_size: 9,
        change: |p| {
            p.optimizer = 1;
            p.estimator = Estimator::Plain.id();
        },
        keep: 0.25,
        scores: Scores::Tied,
        ..USUAL
    },
    Scene {
        name: "budget not reached",
        side_by_side: false,
        model: "mlp-24-15",
        image: flat(22),
        classes: 5,
        batch_size: 9,
        keep: 2.0,
        ..USUAL
    },
    Scene { name: "budget 0", model: "mlp-11", image: flat(8), classes: 3, batch_size: 5, keep: 0.0, ..USUAL },
    Scene {
        name: "one mask",
        model: "mlp-35-14",
        image: flat(20),
        batch_size: 12,
        change: |p| {
            p.masks = 1;
            p.learn_scores = 0;
        },
        keep: 1.0,
        ..USUAL
    },
    Scene {
        name: "evaluation",
        model: "mlp-35-14",
        image: flat(20),
        batch_size: 12,
        change: |p| {
            p.mode = Mode::Evaluate as u32;
            p.draw = 5;
            (p.decided_score, p.decided_units) = (0.5, 20);
        },
        keep: 1.0,
        ..USUAL
    },
    Scene { name: "no hidden layer", model: "mlp", image: flat(45), classes: 6, batch_size: 10, keep: 0.3, ..USUAL },
    Scene { name: "several tiles", model: "mlp-150-90", image: flat(130), batch_size: 150, keep: 0.8, all_variants: true, ..USUAL },
    Scene {
        name: "convolutions, odd images",
        model: "cnn-6-9",
        image: image(3, 7, 7),
        classes: 5,
        gate_inputs: false,
        batch_size: 5,
        keep: 0.4,
        all_variants: true,
        ..USUAL
    },
    Scene {
        name: "convolutions of gated channels",
        model: "cnn-13",
        image: image(5, 9, 9),
        batch_size: 18,
        change: |p| p.clip_norm = 0.01,
        keep: 0.6,
        all_variants: true,
        ..USUAL
    },
    Scene {
        name: "residual sums",
        model: "resnet8",
        image: image(3, 8, 8),
        classes: 4,
        gate_inputs: false,
        batch_size: 3,
        keep: 0.2,
        all_variants: true,
        ..USUAL
    },
    Scene {
        name: "residual sums, nothing drawn",
        model: "resnet8",
        image: image(1, 5, 5),
        classes: 3,
        batch_size: 2,
        keep: 0.01,
        scores: Scores::Vanishing,
        ..USUAL
    },
    Scene {
        name: "normalised before",
        model: "wrn-10-1",
        image: image(2, 6, 6),
        classes: 3,
        gate_inputs: false,
        batch_size: 3,
        keep: 0.3,
        all_variants: true,
        ..USUAL
    },
    Scene {
        name: "gates",
        model: "mlp-21-6",
        image: flat(17),
        classes: 5,
        gates: true,
        batch_size: 11,
        change: straight_through,
        keep: 0.4,
        ..USUAL
    },
    Scene {
        name: "gates behind poolings",
        model: "cnn-6-9",
        image: image(2, 7, 7),
        classes: 4,
        gates: true,
        batch_size: 5,
        change: straight_through,
        keep: 0.4,
        ..USUAL
    },
    Scene {
        name: "gates of a residual network",
        model: "resnet8",
        image: image(2, 6, 6),
        classes: 4,
        gates: true,
        batch_size: 3,
        change: straight_through,
        keep: 0.4,
        ..USUAL
    },
    Scene {
        name: "gates, nothing drawn, evaluation",
        model: "wrn-10-1",
        image: image(1, 5, 5),
        classes: 3,
        gate_inputs: false,
        gates: true,
        batch_size: 3,
        change: |p| (p.mode, p.decided_score) = (Mode::Evaluate as u32, 0.5),
        keep: 0.4,
        scores: Scores::Vanishing,
        ..USUAL
    },
    Scene {
        name: "evaluation of a residual network",
        model: "resnet8",
        image: image(3, 6, 6),
        classes: 4,
        gate_inputs: false,
        batch_size: 6,
        change: |p| {
            p.mode = Mode::Evaluate as u32;
            p.draw = 3;
            p.decided_score = 0.6;
        },
        keep: 1.0,
        ..USUAL
    },
    Scene { name: "control variate", change: controlled, ..USUAL },
    Scene {
        name: "control variate without a second mask, alpha 0.75",
        change: |p| {
            controlled(p);
            p.estimator = Estimator::Plain.id();
            p.alpha = 0.75;
        },
        ..USUAL
    },
    Scene {
        name: "control variate of a residual network",
        model: "resnet8",
        image: image(2, 6, 6),
        classes: 4,
        batch_size: 3,
        change: controlled,
        ..USUAL
    },
    Scene { name: "a budget to fill", keep: 0.8, change: |p| p.fill_budget = 1, ..PINNED },
    Scene { name: "more budget than units to fill it", keep: 2.0, change: |p| p.fill_budget = 1, ..USUAL },
    Scene { name: "Fisher", change: by_fisher, ..PINNED },
    Scene {
        name: "Fisher, convolutions of gated channels",
        model: "cnn-6-9",
        image: image(3, 7, 7),
        classes: 5,
        batch_size: 5,
        change: by_fisher,
        ..USUAL
    },
    Scene {
        name: "Fisher, normalised before",
        model: "wrn-10-1",
        image: image(2, 6, 6),
        classes: 3,
        batch_size: 3,
        change: by_fisher,
        ..USUAL
    },
    Scene {
        name: "effects of a fixed mask",
        change: |p| {
            by_fisher(p);
            p.learn_scores = part::REST;
        },
        ..USUAL
    },
    Scene { name: "exact information", exact_information: true, change: by_fisher, ..USUAL },
    Scene {
        name: "exact information of channels",
        side_by_side: false,
        model: "cnn-13-6",
        image: image(5, 9, 9),
        batch_size: 18,
        change: controlled,
        keep: 0.6,
        saves_memory: true,
        exact_information: true,
        ..USUAL
    },
    Scene {
        name: "exact information of residual branches",
        model: "resnet8",
        image: image(3, 7, 7),
        classes: 4,
        gate_inputs: false,
        batch_size: 3,
        change: by_fisher,
        keep: 0.5,
        saves_memory: true,
        exact_information: true,
        ..USUAL
    },
    Scene {
        name: "exact information, normalised before",
        model: "wrn-10-1",
        image: image(2, 5, 5),
        classes: 3,
        batch_size: 70,
        change: by_fisher,
        saves_memory: true,
        exact_information: true,
        ..USUAL
    },
    Scene { name: "room for three quarters", side_by_side: false, room: 0.75, ..USUAL },
    Scene {
        name: "shared buffers, gated channels",
        model: "cnn-13",
        image: image(5, 9, 9),
        batch_size: 18,
        keep: 0.6,
        room: 0.8,
        saves_memory: true,
        ..USUAL
    },
    Scene {
        name: "shared buffers of residual sums",
        model: "resnet8",
        image: image(3, 7, 7),
        classes: 4,
        gate_inputs: false,
        batch_size: 3,
        keep: 0.2,
        room: 0.7,
        saves_memory: true,
        ..USUAL
    },
    Scene {
        name: "shared buffers, normalised before",
        side_by_side: false,
        model: "wrn-10-1",
        image: image(2, 5, 5),
        classes: 3,
        batch_size: 3,
        keep: 0.3,
        room: 0.9,
        saves_memory: true,
        all_variants: true,
        ..USUAL
    },
    Scene {
        name: "shared buffers and gates",
        model: "cnn-6-9",
        image: image(2, 7, 7),
        classes: 4,
        gates: true,
        batch_size: 5,
        change: straight_through,
        keep: 0.4,
        saves_memory: true,
        ..USUAL
    },
    Scene { name: "overflow", side_by_side: false, room: 0.2, ..USUAL },
    Scene {
        name: "overflow of a residual network",
        side_by_side: false,
        model: "resnet8",
        image: image(3, 6, 6),
        classes: 4,
        gate_inputs: false,
        batch_size: 3,
        room: 0.3,
        saves_memory: true,
        ..USUAL
    },
    Scene {
        name: "overflow in an evaluation",
        side_by_side: false,
        model: "mlp-35-14",
        image: flat(20),
        batch_size: 12,
        change: |p| (p.mode, p.draw) = (Mode::Evaluate as u32, 5),
        keep: 1.0,
        room: 0.1,
        ..USUAL
    },
    PINNED,
    Scene { name: "the gradient alone", change: |p| p.learn_scores = part::GRADIENT, ..PINNED },
    Scene { name: "the optimiser's step alone", change: |p| p.learn_scores = part::STEP, ..PINNED },
    Scene { name: "the projection alone", change: |p| p.learn_scores = part::PROJECT, ..PINNED },
    Scene { name: "the clip alone", change: |p| p.learn_scores = part::CLIP, ..PINNED },
    Scene { name: "prices", priced_at: Some(0.3), ..PINNED },
    Scene { name: "prices, a budget to fill", priced_at: Some(0.3), keep: 0.8, change: |p| p.fill_budget = 1, ..PINNED },
    Scene { name: "prices, more budget than units to fill it", priced_at: Some(0.3), keep: 2.0, change: |p| p.fill_budget = 1, ..USUAL },
    Scene {
        name: "prices of channels, the projection alone",
        model: "resnet8",
        image: image(3, 7, 7),
        classes: 4,
        batch_size: 3,
        priced_at: Some(0.3),
        change: |p| p.learn_scores = part::PROJECT,
        keep: 0.2,
        ..USUAL
    },
    Scene {
        name: "depthwise convolutions",
        model: "mobilenet-2",
        image: image(3, 9, 9),
        classes: 4,
        gate_inputs: false,
        batch_size: 3,
        change: controlled,
        keep: 0.5,
        ..USUAL
    },
    Scene {
        name: "depthwise convolutions, shared buffers, exact information",
        model: "mobilenet-3",
        image: image(2, 7, 6),
        classes: 3,
        batch_size: 70,
        change: by_fisher,
        keep: 0.3,
        room: 0.8,
        saves_memory: true,
        side_by_side: false,
        exact_information: true,
        ..USUAL
    },
    Scene {
        name: "depthwise convolutions and gates",
        model: "mobilenet-6",
        image: image(3, 24, 23),
        gates: true,
        batch_size: 16,
        change: straight_through,
        keep: 0.7,
        ..USUAL
    },
];

//! The backward pass under m and the weights' step.

use super::Memory;

/// `d_in[i, b] = [in[i, b] > 0] Σₒ packed[i, o] d_out[o, b]`; 0 beyond the kept units.
pub fn d_activations(memory: &mut Memory, l: usize) {
    for i in 0..memory.rows(0, l) {
        for b in 0..memory.params.batch_stride as usize {
            let at = memory.activation(0, l, i) + b;
            let open = i < memory.kept(0, l) && memory.activations[at] > 0.0;
            let sum =
                |o: usize| memory.packed_weights[memory.packed(0, l, i, o)] * memory.d_activations[memory.activation(0, l + 1, o) + b];
            memory.d_activations[at] = if open { (0..memory.rows(0, l + 1)).map(sum).sum() } else { 0.0 };
        }
    }
}

/// `d_weights[i, o] = Σ_b in[i, b] d_out[o, b]` of every layer; `squares` sums to the square of its norm, however it is split.
pub fn d_weights(memory: &mut Memory) {
    let mut square = 0.0;
    for l in 0..memory.layers() {
        for i in 0..memory.rows(0, l) {
            for o in 0..memory.rows(0, l + 1) {
                let (x, d) = (memory.activation(0, l, i), memory.activation(0, l + 1, o));
                let images = 0..memory.params.batch_stride as usize;
                let sum: f64 = images.map(|b| memory.activations[x + b] * memory.d_activations[d + b]).sum();
                let at = memory.packed(0, l, i, o);
                memory.d_weights[at] = sum;
                square += sum * sum;
            }
        }
    }
    memory.squares.fill(0.0);
    memory.squares[0] = square;
}

/// The norm of the whole gradient and the factor that brings it to `clip_norm`.
pub fn clip_gradient(memory: &mut Memory) {
    if memory.state.halted == 1 {
        return;
    }
    let square: f64 = memory.squares.iter().sum();
    let norm = square.sqrt();
    let clip_norm = f64::from(memory.params.clip_norm);
    memory.state.clip_scale = if clip_norm > 0.0 && norm > clip_norm { (clip_norm / norm) as f32 } else { 1.0 };
    memory.records[memory.state.slot as usize].gradient_norm = norm as f32;
    if !(square as f32).is_finite() {
        memory.state.halted = 1;
    }
}

/// `v ← μ v + clip_scale d_weights + decay w`, `w ← w − rate v`: for kept weights alone.
pub fn update_weights(memory: &mut Memory) {
    let (params, state) = (memory.params, memory.state);
    if state.halted == 1 {
        return;
    }
    for l in 0..memory.layers() {
        let layer = params.layers[l];
        let inputs: Vec<u32> = memory.list(0, l).iter().copied().chain([layer.inputs]).collect();
        let outputs = memory.list(0, l + 1).to_vec();
        for (r, input) in inputs.iter().enumerate() {
            for (c, output) in outputs.iter().enumerate() {
                let at = (layer.first_weight + input * layer.outputs + output) as usize;
                let gradient = memory.d_weights[memory.packed(0, l, r, c)];
                let w = memory.weights[at];
                let v = f64::from(params.momentum) * memory.velocity[at]
                    + f64::from(state.clip_scale) * gradient
                    + f64::from(params.weight_decay) * w;
                memory.velocity[at] = v;
                memory.weights[at] = w - f64::from(state.learning_rate) * v;
            }
        }
    }
}

// gather_inputs: the batch's kept features, normalised, as a map: out[r, p, b] = scale * byte + shifts[feature].
//
// A unit is a feature, or a channel with all its pixels. Augmentation may shift and mirror an image; pixels from outside it are 0, the mean. A row of
// ones for the next layer's biases follows. Columns without an image, in an incomplete evaluation batch, are 0.
// Of a streamed data set, only the rows of the submit are on the device, in the order of the batches.
// Blocks of four features and four images are distributed over the invocations: what is known of four images is read once for four features. It runs
// for each mask if the inputs are gated, otherwise once for both.

// #import structs
// #import dispatch

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> lists: array<u32>;       // [2, R]
@group(0) @binding(3) var<storage, read> counts: array<u32>;      // [2, 64]
@group(0) @binding(4) var<storage, read> numbers: array<u32>;     // [U], those of gated inputs first
@group(0) @binding(5) var<storage, read> inputs: array<u32>;      // [rows of the data set or of the submit, I] bytes, four a word
@group(0) @binding(6) var<storage, read> batch_rows: array<Sample>; // [slots, B]
@group(0) @binding(7) var<storage, read> shifts: array<f32>;      // [I]
@group(0) @binding(8) var<storage, read_write> output: array<vec4<f32>>; // a map
@group(1) @binding(0) var<uniform> op: Operation;

const MISSING: u32 = 0xffffffffu;
const UNCHANGED: u32 = 0x8080u; // the view of an image that is not augmented

// Four images of the batch. Those that are missing are no images.
struct Images {
    views: vec4<u32>,
    present: vec4<bool>,
    places: vec4<u32>, // of their first bytes
}

// Row and view of an image of the batch.
fn image(b: u32) -> Sample {
    if b < params.batch_size {
        return batch_rows[state.next * params.batch_size + b];
    }
    return Sample(MISSING, UNCHANGED);
}

// From image b on. `size`: bytes of an image.
fn images_from(b: u32, size: u32) -> Images {
    let images = array(image(b), image(b + 1u), image(b + 2u), image(b + 3u));
    let rows = vec4(images[0].row, images[1].row, images[2].row, images[3].row);
    let streamed = vec4(state.next * params.batch_size + b) + vec4(0u, 1u, 2u, 3u);
    let present = rows != vec4(MISSING);
    let places = select(rows, streamed, params.streamed == 1u) * size;
    return Images(vec4(images[0].view, images[1].view, images[2].view, images[3].view), present, select(vec4(0u), places, present));
}

fn byte_at(at: u32) -> f32 {
    return f32((inputs[at / 4u] >> ((at % 4u) * 8u)) & 0xffu);
}

fn bytes_at(at: vec4<u32>) -> vec4<f32> {
    return vec4(byte_at(at.x), byte_at(at.y), byte_at(at.z), byte_at(at.w));
}

// A feature of four images.
fn feature_of(images: Images, feature: u32) -> vec4<f32> {
    let y = feature % (params.height * params.width) / params.width;
    let x = feature % params.width;
    // Outside the image these wrap around to large numbers.
    let rows = y + (images.views & vec4(0xffu)) - 128u;
    let mirrored = (images.views & vec4(0x10000u)) != vec4(0u);
    let columns = select(vec4(x), vec4(params.width - 1u - x), mirrored) + ((images.views >> vec4(8u)) & vec4(0xffu)) - 128u;
    let inside = images.present & (rows < vec4(params.height)) & (columns < vec4(params.width));
    let origins = select(vec4(0u), feature - y * params.width - x + rows * params.width + columns, inside);
    let shift = vec4(shifts[origins.x], shifts[origins.y], shifts[origins.z], shifts[origins.w]);
    return select(vec4<f32>(), params.scale * bytes_at(images.places + origins) + shift, inside);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = op.mask + workgroup.z;
    let quads = params.batch_stride / 4u;
    let pixels = op.height_out * op.width_out;
    let size = params.height * params.width * params.channels;
    let is_gated = params.groups[0].gated == 1u;
    // Features count from the first kept one. A row of ones is behind them.
    let kept = counts[z * MOST_GROUPS] * pixels;
    let features = kept + select(0u, pixels, (op.flags & ONES) != 0u);
    let own = share((features + 3u) / 4u * quads, workgroup.x, grid.x, lane);
    for (var id = own.first; id < own.end; id += own.hop) {
        let f = id / quads * 4u;
        let b = id % quads;
        let images = images_from(b * 4u, size);
        let out = z * op.apart_out + f * quads + b;
        for (var i = 0u; i < min(4u, features - f); i++) {
            var value = vec4(1.0);
            if f + i < kept {
                // In a compacted network, the unit's number in the whole network says which feature it is.
                var unit = lists[z * params.rows + (f + i) / pixels];
                if is_gated {
                    unit = numbers[unit];
                }
                value = feature_of(images, unit * pixels + (f + i) % pixels);
            }
            output[out + i * quads] = value;
        }
    }
}

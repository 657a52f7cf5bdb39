//! Unpacks and checks the published files, and compresses each with gzip.

use std::fs::File;
use std::io::{BufReader, Read, Write as _};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

use super::super::catalogue::{Known, KnownFile, Part};
use super::super::pictures::Pictures;
use super::super::stream::Stream;
use super::super::{DataError, FetchProblem};
use super::source::{Content, Source};
use super::{Phase, Progress, packed, unreadable, unwritable};

/// Writes the files of the set, as the client put them into `folder`, to `into`: each checked and compressed with gzip.
pub(super) fn unpack(
    source: &Source,
    known: &'static Known,
    folder: &Path,
    into: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), DataError> {
    let total = known.files.iter().map(|file| known.bytes(file)).sum();
    let (mut done, mut found) = (0, Vec::new());
    let mut store = |file: &'static KnownFile, content: &mut dyn Read| -> Result<(), DataError> {
        let mut stream = Stream::new(known, file, file.name);
        let before = done;
        pack(content, &packed(into, file), |piece| {
            stream.feed(piece).map_err(|error| error.with_remedy(source.remedy()))?;
            stream.new_rows();
            done = before + stream.received();
            progress(Progress { phase: Phase::Unpacking, done, total });
            Ok(())
        })?;
        stream.finish()?;
        found.push(file);
        Ok(())
    };
    match source.content() {
        Content::Files => source.each_file(known, folder, &mut |name, content| {
            let name = name.to_string_lossy();
            let plain = name.strip_suffix(".gz");
            match known.files.iter().find(|file| file.name == plain.unwrap_or(&name)) {
                Some(file) if plain.is_some() => store(file, &mut MultiGzDecoder::new(BufReader::new(content))),
                Some(file) => store(file, content),
                None => Ok(()),
            }
        }),
        Content::Pictures => {
            let changed = |name: &Path, problem| DataError::new(name.display(), problem).with_remedy(source.remedy());
            let labels = |name: &Path, content: &mut dyn Read| -> Result<Vec<u8>, DataError> {
                serde_json::from_reader(BufReader::new(content)).map_err(|error| changed(name, FetchProblem::NoLabels(error.to_string())))
            };
            // The labels may come after the pictures in the archive.
            let (mut train, mut test) = (Vec::new(), Vec::new());
            source.each_file(known, folder, &mut |name, content| {
                match name.to_str() {
                    // The package spells the names like this.
                    Some("train_lables.json") => train = labels(name, content)?,
                    Some("test_lables.json") => test = labels(name, content)?,
                    _ => {}
                }
                Ok(())
            })?;
            source.each_file(known, folder, &mut |name, content| {
                let Some(file) = known.files.iter().find(|file| Path::new(file.name).with_extension("png") == name) else { return Ok(()) };
                let labels = match file.part {
                    Part::Train => &train,
                    Part::Test => &test,
                };
                let rows = file.first_row as usize..(file.first_row + file.rows) as usize;
                let labels = labels.get(rows).ok_or_else(|| changed(name, FetchProblem::FewLabels))?;
                let mut pictures =
                    Pictures::open(content, labels).map_err(|error| changed(name, FetchProblem::BadPicture(error.to_string())))?;
                store(file, &mut pictures)
            })
        }
    }?;
    match known.files.iter().find(|file| !found.contains(file)) {
        None => Ok(()),
        Some(file) => Err(DataError::new(source.name(), FetchProblem::LacksFile { file }).with_remedy(source.remedy())),
    }
}

/// Writes `content` compressed with gzip, without a name or time, so that equal content gives equal files. `watch` gets the plain bytes first.
pub(super) fn pack(mut content: impl Read, path: &Path, mut watch: impl FnMut(&[u8]) -> Result<(), DataError>) -> Result<(), DataError> {
    let file = File::create(path).map_err(|error| unwritable(path, &error))?;
    // 255: the operating system is unknown.
    let mut packed: GzEncoder<File> = GzBuilder::new().mtime(0).operating_system(255).write(file, Compression::default());
    let mut piece = vec![0; 1 << 16];
    loop {
        let length = content.read(&mut piece).map_err(|error| unreadable(path, &error))?;
        if length == 0 {
            break;
        }
        watch(&piece[..length])?;
        packed.write_all(&piece[..length]).map_err(|error| unwritable(path, &error))?;
    }
    let file = packed.finish().map_err(|error| unwritable(path, &error))?;
    file.sync_all().map_err(|error| unwritable(path, &error))
}

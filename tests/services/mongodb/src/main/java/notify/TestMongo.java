package notify;

import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import org.h2.mvstore.MVStore;

/**
 * A server that speaks MongoDB's wire protocol and keeps its data in a file, for tests on machines
 * without mongod: {@code TestMongo FILE PORT} (0: a free one) prints {@code listening PORT}.
 *
 * <p>What was answered is in the file, so that a killed server has it when it is started again.
 */
public final class TestMongo {
    private static final Set<String> READS =
        Set.of("find", "getMore", "hello", "isMaster", "ismaster", "ping", "buildInfo", "count");

    private TestMongo() {}

    public static void main(String[] arguments) throws InterruptedException {
        MVStore file = new MVStore.Builder().fileName(arguments[0]).open();
        MongoServer server = new MongoServer(new Backend(file).version(new Recent()));
        server.bind(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[1])));
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        System.out.println("listening " + server.getLocalAddress().getPort());
        Thread.currentThread().join();
    }

    /** Writes reach the file before they are answered. */
    private static final class Backend extends H2Backend {
        Backend(MVStore file) {
            super(file);
        }

        @Override
        public Document handleMessage(MongoMessage message) {
            Document answer = super.handleMessage(message);
            if (!READS.contains(message.getDocument().keySet().iterator().next())) {
                getMvStore().tryCommit();
            }
            return answer;
        }
    }

    /** The library's own newest version is older than what PyMongo talks to. */
    private static final class Recent implements MongoVersion {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(6, 0, 0);
        }

        @Override
        public int getWireVersion() {
            return 17;
        }
    }
}
